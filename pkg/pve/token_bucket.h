#pragma once
// TokenBucket: so many of something a second, and a burst of them at once.
#include "pkg/async/clock.h"
#include "pkg/async/event.h"

namespace gantry::pve {

// A token bucket: `rate` a second on average, `burst` at once. Callers are served in order.
class TokenBucket {
 public:
  TokenBucket(async::Clock& clock, double rate, double burst, size_t waiting_max);
  // OK once a token has been taken; kResourceExhausted (class Overload) when `waiting_max` callers
  // wait already; kCancelled.
  Async<Status> take();
  // Takes one that may not be there yet: who comes next waits for it.
  void borrow();

 private:
  void fill();
  async::Clock& clock_;
  double rate_;
  double burst_;
  double tokens_;
  size_t waiting_max_;
  Time filled_at_;
  async::Semaphore turn_{1};
};

}  // namespace gantry::pve
