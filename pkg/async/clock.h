#pragma once
// async::Clock: the time, and waiting for it. Two kinds: RealClock and SimulatedClock.
#include "pkg/async/async.h"

namespace gantry::async {

class Clock : public gantry::Clock {
 public:
  // Like now(), but never jumps when somebody sets the time of day: for due times, ages and leases.
  // Only differences mean anything, and only within one process.
  virtual Time steady() const { return now(); }
  // OK when the time has come, at once if it has passed; kCancelled when the caller is cancelled.
  virtual Async<Status> sleep_until(Time deadline) = 0;
  Async<Status> sleep_for(Duration duration) { return sleep_until(now() + duration); }
};

}  // namespace gantry::async
