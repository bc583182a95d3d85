#pragma once
// Event: something that is either so or not yet so. Semaphore: a bounded number of places.
#include "pkg/async/waiters.h"

namespace gantry::async {

// Stays set until reset(): a wait that starts after set() returns at once.
class Event {
 public:
  void set() {
    set_ = true;
    waiters_.wake_all();
  }
  void reset() { set_ = false; }
  bool is_set() const { return set_; }

  // OK once set; kCancelled when the calling coroutine is cancelled first.
  Async<Status> wait() {
    if (set_) co_return Status();
    co_return co_await waiters_.park();
  }
  // The same, but kDeadlineExceeded when it takes longer than `limit`: for those to whom that is as
  // good. Who gives up uses with_deadline(), which says what was waited for.
  Async<Status> wait_for(Clock& clock, Duration limit) {
    if (set_) co_return Status();
    co_return co_await waiters_.park_for(clock, limit);
  }

 private:
  bool set_ = false;
  Waiters waiters_;
};

// At most `places` holders at a time, served in order of arrival.
class Semaphore {
 public:
  explicit Semaphore(size_t places) : free_(places) {}

  // After an OK the caller must release().
  Async<Status> acquire() {
    if (free_ > 0) {
      --free_;
      co_return Status();
    }
    co_return co_await waiters_.park();
  }
  void release() {
    if (!waiters_.wake_one()) ++free_;  // a place goes straight to the next in line
  }
  size_t free() const { return free_; }
  size_t waiting() const { return waiters_.size(); }

 private:
  size_t free_;
  Waiters waiters_;
};

}  // namespace gantry::async
