#pragma once
// Loop: the one thread on which everything that does not block runs.
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <utility>

#include "pkg/async/async.h"
#include "pkg/async/group.h"

namespace gantry::async {

class SimulatedClock;

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Executor executor();
  // Blocks until nothing is left to do or stop() is called.
  void run();
  // Runs what is ready now, without waiting. The number of handlers that ran.
  size_t poll();
  // The same for one handler: 0 when none is ready.
  size_t poll_one();
  // Thread-safe.
  void stop();
  // Calls `handler` on the loop's thread for each of these signals, until the loop goes.
  void on_signals(std::initializer_list<int> signals, std::function<void(int)> handler);

  // Runs the loop until `operation` has ended: for main functions and tests. Aborts if the loop
  // runs out of work before.
  template <class T>
  T block_on(Async<T> operation) {
    std::optional<T> result;
    run_until(wrap(std::move(operation), result), [&result] { return result.has_value(); });
    return std::move(*result);
  }
  // The same in virtual time: whenever nothing is ready the clock moves to the next sleeper.
  template <class T>
  T block_on(SimulatedClock& clock, Async<T> operation) {
    std::optional<T> result;
    run_until(clock, wrap(std::move(operation), result), [&result] { return result.has_value(); });
    return std::move(*result);
  }

 private:
  // g++ 12 -O2 inlines the start of a coroutine and leaves a reference to its local clean-up, which
  // the linker has discarded when another file instantiates the same one.
  template <class T>
  [[gnu::noinline]] static Async<Status> wrap(Async<T> operation, std::optional<T>& result) {
    T value = co_await std::move(operation);
    result.emplace(std::move(value));
    co_return Status();
  }
  void run_until(Async<Status> operation, const std::function<bool()>& done);
  void run_until(SimulatedClock& clock, Async<Status> operation, const std::function<bool()>& done);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gantry::async
