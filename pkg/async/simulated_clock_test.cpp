#include "pkg/async/simulated_clock.h"

#include "pkg/async/event.h"
#include "pkg/async/group.h"
#include "pkg/async/loop.h"
#include "pkg/base/testing.h"

namespace gantry::async {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;

struct ClockWorld {
  Loop loop;
  SimulatedClock clock{Time{}};

  void pass(Duration duration) {
    clock.advance(duration);
    while (loop.poll() > 0) continue;
  }
};

TEST(SimulatedClock, RingsOnceWhenTheTimeHasCome) {
  ClockWorld world;
  int rung = 0;
  const auto alarm = world.clock.alarm(world.loop.executor(), 10s, [&] { ++rung; });
  world.pass(9s);
  EXPECT_EQ(rung, 0);
  world.pass(1s);
  EXPECT_EQ(rung, 1);
  world.pass(1h);
  EXPECT_EQ(rung, 1);
}

TEST(SimulatedClock, RingsLaterAlsoWhenThereIsNothingToWaitFor) {
  ClockWorld world;
  int rung = 0;
  const auto alarm = world.clock.alarm(world.loop.executor(), 0s, [&] { ++rung; });
  EXPECT_EQ(rung, 0);
  world.pass(0s);
  EXPECT_EQ(rung, 1);
}

TEST(SimulatedClock, DoesNotRingForAnAlarmThatIsGone) {
  ClockWorld world;
  int rung = 0;
  auto early = world.clock.alarm(world.loop.executor(), 10s, [&] { ++rung; });
  early.reset();
  EXPECT_FALSE(world.clock.next_deadline().has_value());
  // Its time has come, but nobody has been told yet.
  auto late = world.clock.alarm(world.loop.executor(), 10s, [&] { ++rung; });
  world.clock.advance(10s);
  late.reset();
  world.pass(0s);
  EXPECT_EQ(rung, 0);
}

TEST(SimulatedClock, LetsAnAlarmSetTheNextInItsOwnPlace) {
  ClockWorld world;
  std::vector<Time> rung;
  std::unique_ptr<Alarm> alarm;
  std::function<void()> ring = [&] {
    rung.push_back(world.clock.now());
    if (rung.size() < 3) alarm = world.clock.alarm(world.loop.executor(), 10s, ring);
  };
  alarm = world.clock.alarm(world.loop.executor(), 10s, ring);
  for (int i = 0; i < 9; ++i) world.pass(5s);
  EXPECT_THAT(rung, ::testing::ElementsAre(Time(10s), Time(20s), Time(30s)));
}

TEST(SimulatedClock, KeepsWhatIsLeftToWaitWhenItJumps) {
  ClockWorld world;
  int rung = 0;
  const auto alarm = world.clock.alarm(world.loop.executor(), 10s, [&] { ++rung; });
  world.pass(4s);
  world.clock.jump(-1h);
  world.pass(5s);
  EXPECT_EQ(rung, 0);
  world.pass(1s);
  EXPECT_EQ(rung, 1);
}

TEST(SimulatedClock, MayGoBeforeItsAlarms) {
  Loop loop;
  auto clock = std::make_unique<SimulatedClock>(Time{});
  const auto alarm = clock->alarm(loop.executor(), 10s, [] { FAIL(); });
  clock.reset();
  EXPECT_EQ(loop.poll(), 0U);
}

// A wait for an event with a limit.
struct Waiting {
  ClockWorld world;
  Event event;
  Group group{world.loop.executor()};
  std::optional<Status> ended;

  explicit Waiting(Duration limit) {
    group.spawn("waits", [this, limit]() -> Async<Status> {
      ended = co_await event.wait_for(world.clock, limit);
      co_return Status();
    });
    world.pass(0s);
  }
};

TEST(Event, WaitsNoLongerThanTheLimit) {
  Waiting waiting(10s);
  waiting.world.pass(9s);
  EXPECT_FALSE(waiting.ended.has_value());
  waiting.world.pass(1s);
  EXPECT_THAT(*waiting.ended, Fails(ErrorClass::timeout));
}

TEST(Event, EndsTheWaitAndItsAlarmOnceItIsSet) {
  Waiting waiting(10s);
  waiting.world.pass(9s);
  waiting.event.set();
  waiting.world.pass(0s);
  EXPECT_THAT(*waiting.ended, IsOk());
  EXPECT_FALSE(waiting.world.clock.next_deadline().has_value());
}

TEST(Event, IsSetAtTheVeryMomentAtWhichTheTimeIsOver) {
  Waiting waiting(10s);
  waiting.world.clock.advance(10s);
  waiting.event.set();
  waiting.world.pass(0s);
  EXPECT_THAT(*waiting.ended, IsOk());
}

TEST(Event, EndsTheWaitOfWhoIsCancelled) {
  Waiting waiting(10s);
  waiting.group.cancel();
  waiting.world.pass(0s);
  EXPECT_THAT(*waiting.ended, Fails(ErrorClass::cancelled));
  EXPECT_FALSE(waiting.world.clock.next_deadline().has_value());
}

}  // namespace
}  // namespace gantry::async
