#include "pkg/apiserver/watch/pace.h"

namespace gantry::apiserver {

Async<Status> Pace::turn() {
  if (due_) co_return co_await turned_.wait();
  // The first to wait keeps the time for all. When it is cancelled, their turn comes early.
  due_ = clock_.now() + kPaceEvery;
  const Status slept = co_await clock_.sleep_until(*due_);
  due_.reset();
  turned_.set();
  turned_.reset();
  co_return slept;
}

}  // namespace gantry::apiserver
