#include "pkg/async/loop.h"

#include <list>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

#include "pkg/async/deadline.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/check.h"

namespace gantry::async {

struct Loop::State {
  asio::io_context io{1};
  std::list<asio::signal_set> signals;
};

namespace {

void wait_for_signal(asio::signal_set& set, std::function<void(int)> handler) {
  set.async_wait([&set, handler = std::move(handler)](boost::system::error_code error, int number) {
    if (error) return;
    handler(number);
    wait_for_signal(set, handler);
  });
}

// A Group's child must be started by a copyable function; a coroutine is not copyable.
void spawn_once(Group& group, Async<Status> operation) {
  auto shared = std::make_shared<Async<Status>>(std::move(operation));
  group.spawn("block_on", [shared] { return std::move(*shared); });
}

}  // namespace

Loop::Loop() : state_(std::make_unique<State>()) {}
Loop::~Loop() = default;

Executor Loop::executor() {
  return state_->io.get_executor();
}

void Loop::run() {
  state_->io.restart();
  state_->io.run();
}

size_t Loop::poll() {
  state_->io.restart();
  return state_->io.poll();
}

size_t Loop::poll_one() {
  state_->io.restart();
  return state_->io.poll_one();
}

void Loop::stop() {
  state_->io.stop();
}

void Loop::on_signals(std::initializer_list<int> signals, std::function<void(int)> handler) {
  auto& set = state_->signals.emplace_back(state_->io);
  for (const int number : signals) set.add(number);
  wait_for_signal(set, std::move(handler));
}

void Loop::run_until(Async<Status> operation, const std::function<bool()>& done) {
  Group group(executor());
  spawn_once(group, std::move(operation));
  state_->io.restart();
  while (group.size() > 0) GANTRY_CHECK(state_->io.run_one() > 0);
  GANTRY_CHECK(done());
}

void Loop::run_until(SimulatedClock& clock, Async<Status> operation,
                     const std::function<bool()>& done) {
  Group group(executor());
  spawn_once(group, std::move(operation));
  while (group.size() > 0) {
    state_->io.restart();
    if (state_->io.poll() == 0) GANTRY_CHECK(clock.advance_to_next());
  }
  GANTRY_CHECK(done());
}

Async<Executor> this_executor() {
  const Executor executor = co_await asio::this_coro::executor;
  co_return executor;
}

}  // namespace gantry::async
