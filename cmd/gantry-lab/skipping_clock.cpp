#include "cmd/gantry-lab/skipping_clock.h"

namespace gantry::labd {
namespace {

using namespace std::chrono_literals;

// What is ready runs first; then the next sleeper is woken.
constexpr Duration kStep = 1ms;
constexpr Duration kIdle = 20ms;

}  // namespace

Async<Status> SkippingClock::run() {
  while (true) {
    const auto pause = virtual_.next_deadline().has_value() ? kStep : kIdle;
    GANTRY_CO_TRY(co_await real_.sleep_for(pause));
    const auto today = real_.now() + skipped_;
    if (today > virtual_.now()) virtual_.advance_to(today);
    const auto waiting = virtual_.next_deadline();
    if (!waiting.has_value()) continue;
    if (*waiting > virtual_.now()) skipped_ += *waiting - virtual_.now();
    virtual_.advance_to_next();
  }
}

}  // namespace gantry::labd
