#include "pkg/async/group.h"

#include "pkg/async/blocking_pool.h"
#include "pkg/async/deadline.h"
#include "pkg/async/event.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"

namespace gantry::async {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using gantry::testing::IsOkAndHolds;

struct World {
  Loop loop;
  SimulatedClock clock{Time{}};
};

Async<Status> sleep(Clock& clock, Duration duration) {
  co_return co_await clock.sleep_for(duration);
}

Async<Result<int>> answer_after(Clock& clock, Duration duration) {
  GANTRY_CO_TRY(co_await clock.sleep_for(duration));
  co_return 42;
}

Async<Result<int>> answer_at_once() {
  co_return 42;
}

TEST(Group, CancelEndsEveryWaitAlsoThoseThatBeginLater) {
  World world;
  int rounds = 0;
  auto body = [&]() -> Async<Status> {
    Group group(co_await this_executor());
    group.spawn("sleeper", [&]() -> Async<Status> {
      (void)co_await world.clock.sleep_for(1h);
      for (; rounds < 3; ++rounds) {
        const auto slept = co_await world.clock.sleep_for(1h);
        EXPECT_THAT(slept, Fails(ErrorClass::cancelled));
      }
      co_return Status();
    });
    co_await yield();
    group.cancel();
    co_return co_await group.join();
  };
  EXPECT_THAT(world.loop.block_on(world.clock, body()), IsOk());
  EXPECT_EQ(rounds, 3);
  EXPECT_LT(world.clock.now(), Time(1h));
}

TEST(Group, AChildThatIsCancelledBeforeItBeganNeverBegins) {
  World world;
  bool began = false;
  auto body = [&]() -> Async<Status> {
    Group group(co_await this_executor());
    group.spawn("late", [&]() -> Async<Status> {
      began = true;
      co_return co_await world.clock.sleep_for(1h);
    });
    group.cancel();
    co_return co_await group.join();
  };
  EXPECT_THAT(world.loop.block_on(world.clock, body()), IsOk());
  EXPECT_FALSE(began);
  EXPECT_EQ(world.clock.now(), Time{});
}

TEST(Deadline, DoesNotOutlastAnAnswerThatComesAtOnce) {
  World world;
  const auto answer =
      world.loop.block_on(world.clock, with_deadline(world.clock, 10s, "ask", answer_at_once()));
  EXPECT_THAT(answer, IsOkAndHolds(42));
  EXPECT_EQ(world.clock.now(), Time{});
}

TEST(Group, AnExceptionBecomesAnInternalError) {
  World world;
  auto body = [&]() -> Async<Status> {
    Group group(co_await this_executor());
    group.spawn("thrower", []() -> Async<Status> {
      co_await yield();
      throw std::runtime_error("boom");
    });
    co_return co_await group.join();
  };
  EXPECT_THAT(world.loop.block_on(body()),
              Fails(ErrorClass::internal, ::testing::HasSubstr("boom")));
}

TEST(Deadline, GivesTheAnswerThatComesInTime) {
  World world;
  EXPECT_THAT(world.loop.block_on(world.clock, with_deadline(world.clock, 10s, "ask",
                                                             answer_after(world.clock, 1s))),
              IsOkAndHolds(42));
  EXPECT_EQ(world.clock.now(), Time(1s));
}

TEST(Deadline, SaysWhatItWaitedFor) {
  World world;
  EXPECT_THAT(world.loop.block_on(world.clock, with_deadline(world.clock, 10s, "ask",
                                                             answer_after(world.clock, 1h))),
              Fails(ErrorClass::timeout, "ask: no answer within 10s"));
  EXPECT_EQ(world.clock.now(), Time(10s));
}

TEST(Heartbeat, LastsAsLongAsSomethingIsHeard) {
  World world;
  Heartbeat heart(world.clock);
  auto work = [&]() -> Async<Result<int>> {
    for (int i = 0; i < 5; ++i) {
      const auto slept = co_await world.clock.sleep_for(8s);
      if (!slept.ok()) co_return slept;
      heart.beat();
    }
    co_return co_await answer_after(world.clock, 1h);
  };
  EXPECT_THAT(
      world.loop.block_on(world.clock, with_heartbeat(world.clock, heart, 10s, "pull", work())),
      Fails(ErrorClass::timeout, "pull: nothing was heard for 10s"));
  EXPECT_EQ(world.clock.now(), Time(50s));
}

TEST(Deadline, PassesTheCallersCancellationOn) {
  World world;
  auto body = [&]() -> Async<Status> {
    Group group(co_await this_executor());
    Result<int> seen = 0;
    group.spawn("asker", [&]() -> Async<Status> {
      seen = co_await with_deadline(world.clock, 10s, "ask", answer_after(world.clock, 1h));
      co_return Status();
    });
    co_await yield();
    group.cancel();
    (void)co_await group.join();
    co_return seen.status();
  };
  EXPECT_THAT(world.loop.block_on(world.clock, body()), Fails(ErrorClass::cancelled));
}

TEST(Event, AWaitAfterSetReturnsAtOnce) {
  World world;
  Event event;
  event.set();
  EXPECT_THAT(world.loop.block_on(event.wait()), IsOk());
}

TEST(Semaphore, HandsPlacesOnInOrder) {
  World world;
  std::vector<int> order;
  Semaphore semaphore(1);
  auto body = [&]() -> Async<Status> {
    Group group(co_await this_executor());
    for (int i = 0; i < 3; ++i) {
      group.spawn("holder", [&, i]() -> Async<Status> {
        (void)co_await semaphore.acquire();
        order.push_back(i);
        (void)co_await world.clock.sleep_for(1s);
        semaphore.release();
        co_return Status();
      });
    }
    co_return co_await group.join();
  };
  EXPECT_THAT(world.loop.block_on(world.clock, body()), IsOk());
  EXPECT_THAT(order, ::testing::ElementsAre(0, 1, 2));
  EXPECT_EQ(world.clock.now(), Time(3s));
}

TEST(BlockingPool, ReturnsValuesErrorsAndExceptions) {
  World world;
  BlockingPool pool("test", 2, 8);
  auto good = [] { return Result<int>(7); };
  auto bad = [] { return Result<int>(make_error(ErrorClass::locked, "busy")); };
  auto ugly = []() -> Result<int> { throw std::runtime_error("boom"); };
  EXPECT_THAT(world.loop.block_on(pool.run(good)), IsOkAndHolds(7));
  EXPECT_THAT(world.loop.block_on(pool.run(bad)), Fails(ErrorClass::locked));
  EXPECT_THAT(world.loop.block_on(pool.run(ugly)), Fails(ErrorClass::internal));
}

TEST(BlockingPool, RefusesWorkBeyondItsQueue) {
  World world;
  BlockingPool pool("test", 1, 0);
  auto job = [] { return Status(); };
  EXPECT_THAT(world.loop.block_on(pool.run(job)), Fails(ErrorClass::overload));
}

TEST(SimulatedClock, WakesInOrderOfTimeThenArrival) {
  World world;
  std::vector<int> order;
  auto body = [&]() -> Async<Status> {
    Group group(co_await this_executor());
    const std::vector<int> seconds{3, 1, 2, 1};
    for (size_t i = 0; i < seconds.size(); ++i) {
      group.spawn("sleeper", [&, i, wait = seconds[i]]() -> Async<Status> {
        (void)co_await sleep(world.clock, std::chrono::seconds(wait));
        order.push_back(static_cast<int>(i));
        co_return Status();
      });
    }
    co_return co_await group.join();
  };
  EXPECT_THAT(world.loop.block_on(world.clock, body()), IsOk());
  EXPECT_THAT(order, ::testing::ElementsAre(1, 3, 2, 0));
}

}  // namespace
}  // namespace gantry::async
