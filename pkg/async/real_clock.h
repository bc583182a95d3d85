#pragma once
// RealClock: the machine's time of day, with waits on its monotonic clock.
#include "pkg/async/clock.h"

namespace gantry::async {

class RealClock final : public Clock {
 public:
  Time now() const override;
  // Goes on while the machine is suspended: a lease runs out meanwhile.
  Time steady() const override;
  Async<Status> sleep_until(Time deadline) override;
  std::unique_ptr<Alarm> alarm(Executor executor, Duration after,
                               std::function<void()> ring) override;
};

}  // namespace gantry::async
