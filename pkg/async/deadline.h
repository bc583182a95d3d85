#pragma once
// with_deadline: gives up waiting after a while, and says what it waited for. with_heartbeat: after
// a while in which nothing was heard.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "pkg/async/clock.h"
#include "pkg/async/group.h"

namespace gantry::async {
namespace internal {

template <class T>
struct DeadlineState {
  Group group;
  Async<T> operation;
  std::optional<T> result;
  bool expired = false;
  DeadlineState(Executor executor, Async<T> op)
      : group(std::move(executor)), operation(std::move(op)) {}
};

template <class T>
Async<Status> run_operation(DeadlineState<T>& state) {
  auto operation = std::move(state.operation);
  T result = co_await std::move(operation);
  state.result.emplace(std::move(result));
  state.group.cancel();
  co_return Status();
}

// `left` says how long there still is.
template <class T>
Async<Status> run_timer(DeadlineState<T>& state, Clock& clock, std::function<Duration()> left) {
  for (auto wait = left(); wait > Duration::zero(); wait = left()) {
    const auto slept = co_await clock.sleep_for(wait);
    if (!slept.ok()) co_return slept;
  }
  state.expired = true;
  state.group.cancel();
  co_return Status();
}

inline const Status& status_of(const Status& status) {
  return status;
}
template <class T>
const Status& status_of(const Result<T>& result) {
  return result.status();
}

}  // namespace internal

Async<Executor> this_executor();

namespace internal {

template <class T>
Async<T> with_timer(Clock& clock, std::function<Duration()> left, std::string why,
                    Async<T> operation) {
  auto executor = co_await this_executor();
  DeadlineState<T> state(executor, std::move(operation));
  state.group.spawn(why, [&state] { return run_operation(state); });
  state.group.spawn("deadline", [&state, &clock, &left] { return run_timer(state, clock, left); });
  const Status joined = co_await state.group.join();
  if (!state.result.has_value()) {
    if (!joined.ok()) co_return T(joined);
    co_return T(cancelled());
  }
  const auto& status = status_of(*state.result);
  if (state.expired && !status.ok() && error_class(status) == ErrorClass::cancelled) {
    co_return T(make_error(ErrorClass::timeout, why));
  }
  co_return std::move(*state.result);
}

}  // namespace internal

// Runs `operation` (an Async<Status> or Async<Result<T>>) and cancels it once `limit` has passed;
// the answer is then kDeadlineExceeded "what: no answer within 30s". Always waits for the
// operation to end, so what it refers to may go afterwards.
template <class T>
Async<T> with_deadline(Clock& clock, Duration limit, std::string what, Async<T> operation) {
  const auto due = clock.steady() + limit;
  std::function<Duration()> left = [&clock, due] { return due - clock.steady(); };
  auto why = what + ": no answer within " + human_duration(limit);
  co_return co_await internal::with_timer(clock, std::move(left), std::move(why),
                                          std::move(operation));
}

// When something was last heard of: a deadline that moves on with every beat.
class Heartbeat {
 public:
  explicit Heartbeat(Clock& clock) : clock_(clock), last_(clock.steady()) {}
  void beat() { last_ = clock_.steady(); }
  Duration silence() const { return clock_.steady() - last_; }

 private:
  Clock& clock_;
  Time last_;
};

// The same, but the time begins anew with every beat: the operation may take as long as it is heard
// of. "what: nothing was heard for 30s".
template <class T>
Async<T> with_heartbeat(Clock& clock, const Heartbeat& heart, Duration silence, std::string what,
                        Async<T> operation) {
  std::function<Duration()> left = [&heart, silence] { return silence - heart.silence(); };
  auto why = what + ": nothing was heard for " + human_duration(silence);
  co_return co_await internal::with_timer(clock, std::move(left), std::move(why),
                                          std::move(operation));
}

}  // namespace gantry::async
