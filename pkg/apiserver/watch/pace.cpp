#include "pkg/apiserver/watch/pace.h"

namespace gantry::apiserver {

Async<Status> Pace::turn() {
  if (due_) co_return co_await waiting_.park();
  // The first to wait keeps the time for all. When it is cancelled, their turn comes early.
  due_ = clock_.now() + kPaceEvery;
  const Status slept = co_await clock_.sleep_until(*due_);
  due_.reset();
  for (size_t left = waiting_.size(); left > 0;) {
    passed_ = 0;
    for (size_t i = 0; i < kPaceAtOnce && left > 0; ++i, --left) waiting_.wake_one();
    co_await async::yield();
  }
  co_return slept;
}

Async<Status> Pace::pass() {
  if (passed_ < kPaceAtOnce && !crowded_) {
    ++passed_;
    co_return Status();
  }
  if (crowded_) co_return co_await passing_.park();
  // The first who is too many lets the others by.
  crowded_ = true;
  do {
    co_await async::yield();
    for (passed_ = 0; passed_ < kPaceAtOnce && passing_.wake_one();) ++passed_;
  } while (passing_.size() > 0);
  crowded_ = false;
  co_return Status();
}

}  // namespace gantry::apiserver
