#pragma once
// Backoff: how long to wait before an object that failed is tried again.
#include <map>

#include "pkg/base/random.h"
#include "pkg/base/status.h"
#include "pkg/base/time.h"
#include "pkg/runtime/request.h"

namespace gantry::runtime {

struct BackoffLimits {
  Duration first = std::chrono::milliseconds(500);
  Duration most = std::chrono::minutes(5);
};

// Doubles with each failure in a row, from `first` up to `most`; of each delay between one half and
// the whole is taken at random, so that what failed together does not come back together.
class Backoff {
 public:
  Backoff(Random& random, BackoffLimits limits) : random_(random), limits_(limits) {}
  // Counts a failure. Never less than what `why` says in retry_after().
  Duration next(const Request& request, const Status& why);
  // The object did well: its next failure is again its first.
  void forget(const Request& request) { failures_.erase(request); }
  // Failures in a row.
  int failures(const Request& request) const;

 private:
  Random& random_;
  BackoffLimits limits_;
  std::map<Request, int> failures_;
};

}  // namespace gantry::runtime
