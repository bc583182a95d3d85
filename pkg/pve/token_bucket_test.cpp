#include "pkg/pve/token_bucket.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"

namespace gantry::pve {
namespace {

using testing::IsOk;

TEST(TokenBucket, RefusesWhenTooManyWait) {
  async::Loop loop;
  async::SimulatedClock clock{Time{std::chrono::seconds(1000)}};
  TokenBucket bucket(clock, 1, 1, 2);
  async::Group group(loop.executor());
  int refused = 0;
  for (int i = 0; i < 6; ++i)
    group.spawn("caller", [&]() -> Async<Status> {
      const auto status = co_await bucket.take();
      if (!status.ok() && error_class(status) == ErrorClass::overload) ++refused;
      co_return Status();
    });
  (void)loop.block_on(clock, group.join());
  EXPECT_EQ(refused, 2);  // one goes, one sleeps, two wait
}

TEST(TokenBucket, ACancelledCallerGivesItsTurnBack) {
  async::Loop loop;
  async::SimulatedClock clock{Time{std::chrono::seconds(1000)}};
  TokenBucket bucket(clock, 1, 1, 10);
  ASSERT_THAT(loop.block_on(clock, bucket.take()), IsOk());
  async::Group group(loop.executor());
  group.spawn("caller", [&]() -> Async<Status> { co_return co_await bucket.take(); });
  loop.poll();
  group.cancel();
  (void)loop.block_on(clock, group.join());
  EXPECT_THAT(loop.block_on(clock, bucket.take()), IsOk());
}

}  // namespace
}  // namespace gantry::pve
