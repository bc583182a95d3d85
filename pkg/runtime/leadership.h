#pragma once
// Leadership: whether this process may act, for as long as it can be sure of it.
#include <cstdint>

#include "pkg/async/clock.h"

namespace gantry::runtime {

// Held from the beginning of a renewal that went well until the lease's time to live has passed by
// our own steady clock: then another process may hold it, whatever we think and whatever has been
// done to the time of day. Guards of writes ask it.
class Leadership {
 public:
  explicit Leadership(const async::Clock& clock) : clock_(clock) {}
  bool held() const { return epoch_ != 0 && clock_.steady() < until_; }
  // 0 while nobody led here.
  int64_t epoch() const { return epoch_; }
  // By the steady clock.
  Time until() const { return until_; }

  void renew(int64_t epoch, Time until) {
    epoch_ = epoch;
    until_ = until;
  }
  void drop() { until_ = Time{}; }

 private:
  const async::Clock& clock_;
  int64_t epoch_ = 0;
  Time until_{};
};

}  // namespace gantry::runtime
