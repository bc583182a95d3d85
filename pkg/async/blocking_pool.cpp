#include "pkg/async/blocking_pool.h"

#include <atomic>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include "pkg/async/waiters.h"

namespace gantry::async {

struct BlockingPool::State {
  State(std::string pool_name, size_t threads, size_t limit)
      : name(std::move(pool_name)), queue_max(limit), pool(threads) {}
  std::string name;
  size_t queue_max;
  std::atomic<size_t> pending = 0;
  asio::thread_pool pool;
};

namespace {

// What the pool thread hands back; touched on the caller's executor only.
struct Completion {
  Waiters waiters;
  std::optional<Status> status;
};

Status run_guarded(const std::string& pool, const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const std::exception& error) {
    return internal("%s: a job threw: %s", pool, std::string(error.what()));
  } catch (...) {
    return internal("%s: a job threw", pool);
  }
}

}  // namespace

BlockingPool::BlockingPool(std::string name, size_t threads, size_t queue_max)
    : state_(std::make_shared<State>(std::move(name), threads, queue_max)) {}

BlockingPool::~BlockingPool() {
  state_->pool.join();
}

size_t BlockingPool::queued() const {
  return state_->pending;
}

Async<Status> BlockingPool::submit(std::function<void()> work) {
  const bool stopping = co_await is_cancelled();
  if (stopping) co_return cancelled();
  auto& state = *state_;
  if (state.pending >= state.queue_max)
    co_return error(ErrorClass::overload, "%s: all threads are busy and %d jobs wait", state.name,
                    state.queue_max);
  ++state.pending;
  const Executor executor = co_await asio::this_coro::executor;
  auto completion = std::make_shared<Completion>();
  auto guard = asio::make_work_guard(executor);
  asio::post(state.pool, [&state, completion, executor, guard, work = std::move(work)]() mutable {
    Status status = run_guarded(state.name, work);
    work = nullptr;  // captures die here, on the pool thread, before the caller goes on
    --state.pending;
    asio::post(executor, [completion = std::move(completion), status = std::move(status)] {
      completion->status = status;
      completion->waiters.wake_all();
    });
    guard.reset();
  });
  const Status woken = co_await completion->waiters.park();
  if (completion->status) co_return *completion->status;
  co_return woken;
}

}  // namespace gantry::async
