#include "pkg/async/real_clock.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gantry::async {

Time RealClock::now() const {
  return SystemClock().now();
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
