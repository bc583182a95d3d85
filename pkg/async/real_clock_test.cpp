#include "pkg/async/real_clock.h"

#include "pkg/async/event.h"
#include "pkg/async/loop.h"
#include "pkg/base/testing.h"

namespace gantry::async {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;

TEST(RealClock, RingsOnceTheTimeHasPassedAndNotForAnAlarmThatIsGone) {
  Loop loop;
  RealClock clock;
  const auto began = clock.steady();
  int rung = 0;
  const auto alarm = clock.alarm(loop.executor(), 20ms, [&] { ++rung; });
  auto gone = clock.alarm(loop.executor(), 10ms, [&] { rung += 100; });
  gone.reset();
  loop.run();
  EXPECT_EQ(rung, 1);
  EXPECT_GE(clock.steady() - began, 20ms);
}

TEST(RealClock, LetsAnAlarmGoWhenItsTimeHasComeAlready) {
  Loop loop;
  RealClock clock;
  std::unique_ptr<Alarm> first, second;
  int rung = 0;
  // Whichever comes first lets the other one go, both being due.
  first = clock.alarm(loop.executor(), 0s, [&] { ++rung, second.reset(); });
  second = clock.alarm(loop.executor(), 0s, [&] { ++rung, first.reset(); });
  loop.run();
  EXPECT_EQ(rung, 1);
}

TEST(RealClock, EndsAWaitForAnEventThatDoesNotCome) {
  Loop loop;
  RealClock clock;
  Event event;
  EXPECT_THAT(loop.block_on(event.wait_for(clock, 10ms)), Fails(ErrorClass::timeout));
}

}  // namespace
}  // namespace gantry::async
