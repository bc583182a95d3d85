#pragma once
// Waiters: the one primitive on which every other wait is built.
#include <memory>

#include "pkg/async/async.h"

namespace gantry::async {

class Clock;

// A place where coroutines wait to be woken, in order of arrival. Not thread-safe: all callers
// share one executor. May be destroyed while coroutines wait; they then wake with kCancelled.
class Waiters {
 public:
  Waiters();
  ~Waiters();
  Waiters(const Waiters&) = delete;
  Waiters& operator=(const Waiters&) = delete;

  // Suspends until woken; returns the Status given to wake_*(), or kCancelled.
  Async<Status> park();
  // The same, but cancellation does not end the wait: for joining children.
  Async<Status> park_to_the_end();
  // As park(), for `limit` at most: then kDeadlineExceeded.
  Async<Status> park_for(Clock& clock, Duration limit);

  // The woken coroutine runs later, from its executor, never inside these calls.
  bool wake_one(const Status& status = {});
  size_t wake_all(const Status& status = {});
  size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace gantry::async
