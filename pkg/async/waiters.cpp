#include "pkg/async/waiters.h"

#include <functional>
#include <map>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gantry::async {

struct Waiters::State {
  uint64_t next_id = 0;
  std::map<uint64_t, std::function<void(Status)>> parked;

  bool wake(uint64_t id, const Status& status) {
    auto node = parked.extract(id);
    if (node.empty()) return false;
    node.mapped()(status);
    return true;
  }
};

namespace {

// Wraps a completion handler into a copyable function that posts it to its own executor. The work
// guard keeps that executor's loop alive while the coroutine waits.
template <class Handler>
std::function<void(Status)> make_completion(Handler handler) {
  auto executor = asio::get_associated_executor(handler);
  auto guard = asio::make_work_guard(executor);
  auto shared = std::make_shared<Handler>(std::move(handler));
  return [shared, executor, guard](Status status) {
    if (auto slot = asio::get_associated_cancellation_slot(*shared); slot.is_connected())
      slot.clear();
    asio::post(executor, [shared, status = std::move(status)]() mutable {
      std::move (*shared)(std::move(status));
    });
  };
}

template <class State>
Async<Status> park_in(std::shared_ptr<State> state, bool cancellable) {
  auto start = [&state, cancellable](auto handler) {
    const auto id = state->next_id++;
    if (auto slot = asio::get_associated_cancellation_slot(handler);
        cancellable && slot.is_connected()) {
      slot.assign([weak = std::weak_ptr<State>(state), id](asio::cancellation_type) {
        // wake() clears the slot, and with it this lambda: keep what it uses on the stack.
        const auto held = weak.lock();
        const auto own_id = id;
        if (!held) return;
        auto node = held->parked.extract(own_id);
        if (!node.empty()) node.mapped()(cancelled());
      });
    }
    state->parked.emplace(id, make_completion(std::move(handler)));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Status)>(
      start, asio::use_awaitable);
}

}  // namespace

Waiters::Waiters() : state_(std::make_shared<State>()) {}
Waiters::~Waiters() {
  wake_all(cancelled());
}

Async<Status> Waiters::park() {
  const bool stopping = co_await is_cancelled();
  if (stopping) co_return cancelled();
  co_return co_await park_in(state_, true);
}

Async<Status> Waiters::park_to_the_end() {
  co_return co_await park_in(state_, false);
}

bool Waiters::wake_one(const Status& status) {
  return !state_->parked.empty() && state_->wake(state_->parked.begin()->first, status);
}

size_t Waiters::wake_all(const Status& status) {
  size_t woken = 0;
  while (wake_one(status)) ++woken;
  return woken;
}

size_t Waiters::size() const {
  return state_->parked.size();
}

Async<bool> is_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

Async<void> yield() {
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

}  // namespace gantry::async
