#include "pkg/pve/token_bucket.h"

#include <algorithm>

namespace gantry::pve {
namespace {

double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

TokenBucket::TokenBucket(async::Clock& clock, double rate, double burst, size_t waiting_max)
    : clock_(clock),
      rate_(std::max(rate, 0.01)),
      burst_(std::max(burst, 1.0)),
      tokens_(burst_),
      waiting_max_(waiting_max),
      filled_at_(clock.steady()) {}

void TokenBucket::fill() {
  const Time now = clock_.steady();
  tokens_ = std::min(tokens_ + rate_ * in_seconds(now - filled_at_), burst_);
  filled_at_ = now;
}

void TokenBucket::borrow() {
  fill();
  tokens_ -= 1;
}

Async<Status> TokenBucket::take() {
  if (turn_.waiting() >= waiting_max_)
    co_return error(ErrorClass::overload, "%d requests to Proxmox wait for their turn already",
                    turn_.waiting());
  GANTRY_CO_TRY(co_await turn_.acquire());
  Status status;
  fill();
  // Others may borrow meanwhile.
  while (status.ok() && tokens_ < 1) {
    const auto nanoseconds = static_cast<int64_t>((1 - tokens_) / rate_ * 1e9) + 1;
    status = co_await clock_.sleep_for(Duration(nanoseconds));
    fill();
  }
  if (status.ok()) tokens_ -= 1;
  turn_.release();
  co_return status;
}

}  // namespace gantry::pve
