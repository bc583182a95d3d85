#pragma once
// async::Clock: the time, and waiting for it. Two kinds: RealClock and SimulatedClock.
#include <functional>
#include <memory>

#include "pkg/async/async.h"

namespace gantry::async {

// Something that is to happen when its time has come, and never once this is gone.
class Alarm {
 public:
  Alarm() = default;
  virtual ~Alarm() = default;
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
};

class Clock : public gantry::Clock {
 public:
  // Like now(), but never jumps when somebody sets the time of day: for due times, ages and leases.
  // Only differences mean anything, and only within one process.
  virtual Time steady() const { return now(); }
  // OK when the time has come, at once if it has passed; kCancelled when the caller is cancelled.
  virtual Async<Status> sleep_until(Time deadline) = 0;
  Async<Status> sleep_for(Duration duration) { return sleep_until(now() + duration); }
  // Calls `ring` once, from `executor`, when that time has passed; later also when there is nothing
  // to wait for. `ring` may let go of its own alarm. Costs less than a coroutine that sleeps.
  virtual std::unique_ptr<Alarm> alarm(Executor executor, Duration after,
                                       std::function<void()> ring) = 0;
};

}  // namespace gantry::async
