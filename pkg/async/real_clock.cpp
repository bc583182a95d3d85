#include "pkg/async/real_clock.h"

#include <ctime>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gantry::async {
namespace {

std::chrono::steady_clock::duration length_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::max(duration, Duration::zero()));
}

class TimerAlarm final : public Alarm {
 public:
  TimerAlarm(Executor executor, Duration after, std::function<void()> ring)
      : timer_(std::move(executor), length_of(after)),
        ring_(std::make_shared<std::function<void()>>(std::move(ring))) {
    // The alarm may go before that is heard, also when the time has passed, and while it is.
    timer_.async_wait([ring = std::weak_ptr(ring_)](boost::system::error_code error) {
      const auto held = ring.lock();
      if (held != nullptr && !error) (*held)();
    });
  }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<std::function<void()>> ring_;
};

}  // namespace

Time RealClock::now() const {
  return SystemClock().now();
}

Time RealClock::steady() const {
  timespec since_boot{};
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return Time(std::chrono::seconds(since_boot.tv_sec) +
              std::chrono::nanoseconds(since_boot.tv_nsec));
}

Async<Status> RealClock::sleep_until(Time deadline) {
  const bool stopping = co_await is_cancelled();
  if (stopping) co_return cancelled();
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  timer.expires_after(length_of(deadline - now()));
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return cancelled();
  co_return Status();
}

std::unique_ptr<Alarm> RealClock::alarm(Executor executor, Duration after,
                                        std::function<void()> ring) {
  return std::make_unique<TimerAlarm>(std::move(executor), after, std::move(ring));
}

}  // namespace gantry::async
