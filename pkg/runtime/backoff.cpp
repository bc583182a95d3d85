#include "pkg/runtime/backoff.h"

#include <algorithm>

namespace gantry::runtime {

Duration Backoff::next(const Request& request, const Status& why) {
  int& failures = failures_[request];
  ++failures;
  // Past 30 doublings every sensible `first` has reached `most`.
  const int doublings = std::min(failures - 1, 30);
  const double whole = std::min(
      static_cast<double>(limits_.first.count()) * static_cast<double>(int64_t{1} << doublings),
      static_cast<double>(limits_.most.count()));
  const Duration delay(static_cast<int64_t>(whole * (0.5 + random_.unit() / 2)));
  const auto asked = retry_after(why);
  return asked.has_value() ? std::max<Duration>(delay, *asked) : delay;
}

int Backoff::failures(const Request& request) const {
  const auto it = failures_.find(request);
  return it == failures_.end() ? 0 : it->second;
}

}  // namespace gantry::runtime
