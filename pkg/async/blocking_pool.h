#pragma once
// BlockingPool: where code that blocks may run. The calling coroutine waits without blocking.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "pkg/async/async.h"

namespace gantry::async {

// A fixed number of threads with a bounded queue. Destruction waits for running jobs.
class BlockingPool {
 public:
  BlockingPool(std::string name, size_t threads, size_t queue_max);
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // Runs `job` on a pool thread and resumes on the caller's executor with what it returned (a
  // Status or a Result<T>). kResourceExhausted when the queue is full; kInternal when it threw;
  // kCancelled when the caller was cancelled: the job then still runs to its end, unheard.
  // Pass a named callable: its captures must be values, not references to the caller's frame.
  template <class F, class T = std::invoke_result_t<F>>
  Async<T> run(F job) {
    auto slot = std::make_shared<std::optional<T>>();
    std::function<void()> work = [slot, job = std::make_shared<F>(std::move(job))] {
      slot->emplace((*job)());
    };
    Status ran = co_await submit(std::move(work));
    if (!ran.ok()) co_return T(std::move(ran));
    co_return std::move(**slot);
  }

  size_t queued() const;

 private:
  Async<Status> submit(std::function<void()> work);
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace gantry::async
