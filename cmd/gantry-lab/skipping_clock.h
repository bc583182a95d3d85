#pragma once
// SkippingClock: real time that jumps over every wait. A lab on it never makes anybody wait: a task
// of four seconds is over at once, and the lab's clock has moved by four seconds.
#include "pkg/async/clock.h"
#include "pkg/async/simulated_clock.h"

namespace gantry::labd {

class SkippingClock final : public async::Clock {
 public:
  // `real` outlives this.
  explicit SkippingClock(async::Clock& real) : real_(real), virtual_(real.now()) {}
  Time now() const override { return virtual_.now(); }
  Async<Status> sleep_until(Time deadline) override {
    co_return co_await virtual_.sleep_until(deadline);
  }
  std::unique_ptr<async::Alarm> alarm(Executor executor, Duration after,
                                      std::function<void()> ring) override {
    return virtual_.alarm(std::move(executor), after, std::move(ring));
  }
  // Moves the time on until cancelled: with the real one, and to the next sleeper.
  Async<Status> run();

 private:
  async::Clock& real_;
  async::SimulatedClock virtual_;
  Duration skipped_{};
};

}  // namespace gantry::labd
