#include "pkg/http/beast/watchdog.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"

namespace gantry::http::beast {
namespace {

using namespace std::chrono_literals;
using ::gantry::testing::IsOk;
using ::testing::ElementsAre;

class WatchdogTest : public ::testing::Test {
 protected:
  // Runs `steps` in virtual time and returns when, in seconds, the watchdog went off.
  std::vector<int64_t> run(const std::function<Async<void>()>& steps) {
    auto body = [&]() -> Async<Status> {
      co_await steps();
      co_return co_await watchdog_.stop();
    };
    EXPECT_THAT(loop_.block_on(clock_, body()), IsOk());
    return fired_;
  }
  Async<void> wait(Duration duration) { (void)co_await clock_.sleep_for(duration); }

  async::Loop loop_;
  async::SimulatedClock clock_{Time{}};
  std::vector<int64_t> fired_;
  Watchdog watchdog_{loop_.executor(), clock_,
                     [this] { fired_.push_back(to_unix_seconds(clock_.now())); }};
};

TEST_F(WatchdogTest, GoesOffOnceWhenNothingMovesItsDeadline) {
  EXPECT_THAT(run([&]() -> Async<void> {
                watchdog_.arm(5s);
                co_await wait(20s);
                EXPECT_TRUE(watchdog_.expired());
              }),
              ElementsAre(5));
}

TEST_F(WatchdogTest, FollowsItsDeadlineBothWays) {
  EXPECT_THAT(run([&]() -> Async<void> {
                watchdog_.arm(5s);
                co_await wait(3s);
                watchdog_.arm(5s);
                co_await wait(3s);
                watchdog_.arm(100s);
                watchdog_.arm(1s);
                co_await wait(200s);
              }),
              ElementsAre(7));
}

TEST_F(WatchdogTest, StaysQuietOnceDisarmedAndCanBeArmedAgain) {
  EXPECT_THAT(run([&]() -> Async<void> {
                watchdog_.arm(5s);
                co_await wait(1s);
                watchdog_.disarm();
                co_await wait(20s);
                EXPECT_FALSE(watchdog_.expired());
                watchdog_.arm(5s);
                co_await wait(20s);
                watchdog_.arm(5s);
                EXPECT_FALSE(watchdog_.expired());
                co_await wait(20s);
              }),
              ElementsAre(26, 46));
}

}  // namespace
}  // namespace gantry::http::beast
