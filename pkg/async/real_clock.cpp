#include "pkg/async/real_clock.h"

#include <ctime>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gantry::async {

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
  timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::max(deadline - now(), Duration::zero())));
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return cancelled();
  co_return Status();
}

}  // namespace gantry::async
