#pragma once
// Leadership: whether this process may act, for as long as it can be sure of it.
#include <cstdint>

#include "pkg/base/time.h"

namespace gantry::runtime {

// Held from the beginning of a renewal that went well until the lease's time to live has passed by
// our own clock: then another process may hold it, whatever we think. Guards of writes ask it.
class Leadership {
 public:
  explicit Leadership(const Clock& clock) : clock_(clock) {}
  bool held() const { return epoch_ != 0 && clock_.now() < until_; }
  // 0 while nobody led here.
  int64_t epoch() const { return epoch_; }
  Time until() const { return until_; }

  void renew(int64_t epoch, Time until) {
    epoch_ = epoch;
    until_ = until;
  }
  void drop() { until_ = Time{}; }

 private:
  const Clock& clock_;
  int64_t epoch_ = 0;
  Time until_{};
};

}  // namespace gantry::runtime
