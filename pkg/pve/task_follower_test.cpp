#include "pkg/pve/task_follower.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/pve/client_fake.h"

namespace gantry::pve {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

const Upid kUpid("UPID:pve1:000008A1:0003C7F8:6B00BA77:vzcreate:150:root@pam!t1:");

struct FollowedWorld {
  async::Loop loop;
  async::SimulatedClock clock{Time{1000s}};
  ClientFake client;
  TaskFollower follower{client, clock};
  int looks = 0;

  FollowedWorld() { task().running = true; }
  Task& task() {
    auto& task = client.task_answer[kUpid];
    task.upid = kUpid;
    return task;
  }
  // The task ends that long after now.
  void end_after(Duration delay, std::string exit) {
    const Time when = clock.now() + delay;
    client.on_call = [this, when, exit](const std::string& name) {
      if (name == "task") ++looks;
    };
    ends_ = when;
    exit_ = exit;
  }
  Result<Task> follow(Duration limit) {
    async::Group group(loop.executor());
    group.spawn("world", [this]() -> Async<Status> {
      GANTRY_CO_TRY(co_await clock.sleep_until(ends_));
      task().running = false;
      task().exit_status = exit_;
      co_return Status();
    });
    auto result = loop.block_on(clock, follower.follow(kUpid, limit));
    group.cancel();
    (void)loop.block_on(clock, group.join());
    return result;
  }

 private:
  Time ends_{};
  std::string exit_;
};

TEST(TaskFollower, ReturnsTheTaskOnceItSucceeded) {
  FollowedWorld world;
  world.end_after(20s, "WARNINGS: 1");
  const auto task = world.follow(10min);
  ASSERT_THAT(task, IsOk());
  EXPECT_EQ(task->exit_status, "WARNINGS: 1");
  EXPECT_LE(world.clock.now(), Time{1000s + 23s});
}

TEST(TaskFollower, AsksOftenAtFirstAndLessLater) {
  FollowedWorld world;
  world.end_after(60s, "OK");
  ASSERT_THAT(world.follow(10min), IsOk());
  EXPECT_GT(world.looks, 20);
  EXPECT_LT(world.looks, 30);
}

TEST(TaskFollower, AFailureCarriesTheTailOfItsLogAndACode) {
  FollowedWorld world;
  world.client.log_answer = {"Creating filesystem with 262144 4k blocks",
                             "volume 'local:vztmpl/nope.tar.xz' does not exist",
                             "TASK ERROR: unable to create CT 150"};
  world.end_after(1s, "unable to create CT 150 - volume 'local:vztmpl/nope.tar.xz' does not exist");
  const auto task = world.follow(10min);
  EXPECT_THAT(task,
              Fails(ErrorClass::task_failed,
                    AllOf(HasSubstr("task vzcreate of 150 on pve1 failed: unable to create"),
                          HasSubstr("log: Creating filesystem with 262144 4k blocks | volume"),
                          Not(HasSubstr("TASK ERROR")))));
  EXPECT_EQ(catalogue_code(task.status()), "TPL-001");
}

TEST(TaskFollower, AFailureWithoutALogIsStillAFailure) {
  FollowedWorld world;
  world.client.errors["task_log"] = make_error(ErrorClass::permission, "403");
  world.end_after(1s, "unexpected status");
  EXPECT_THAT(world.follow(10min), Fails(ErrorClass::task_failed, HasSubstr("unexpected status")));
}

TEST(TaskFollower, ATaskNobodyKnowsHasAnUnknownOutcome) {
  FollowedWorld world;
  world.client.task_answer.clear();
  EXPECT_THAT(world.loop.block_on(world.clock, world.follower.follow(kUpid, 10min)),
              Fails(ErrorClass::not_found, HasSubstr("outcome is unknown")));
}

TEST(TaskFollower, TheDeadlineSaysThatTheTaskGoesOn) {
  FollowedWorld world;
  world.end_after(1h, "OK");
  EXPECT_THAT(world.follow(30s),
              Fails(ErrorClass::timeout, HasSubstr("no end within 30s, it still runs")));
  EXPECT_EQ(world.clock.now(), Time{1030s});
}

TEST(TaskFollower, KeepsAskingWhileProxmoxIsAway) {
  FollowedWorld world;
  world.client.errors["task"] = make_error(ErrorClass::transport, "connection refused");
  world.end_after(10s, "OK");
  world.client.on_call = [&](const std::string&) {
    if (world.clock.now() >= Time{1020s}) world.client.errors.clear();
  };
  EXPECT_THAT(world.follow(10min), IsOk());
}

TEST(TaskFollower, LooksOnceForThoseWhoMustNotWait) {
  FollowedWorld world;
  auto task = world.loop.block_on(world.clock, world.follower.look(kUpid));
  ASSERT_THAT(task, IsOk());
  EXPECT_TRUE(task->running);
  EXPECT_EQ(world.clock.now(), Time{1000s});
  EXPECT_THAT(world.loop.block_on(world.clock, world.follower.look(Upid("garbage"))),
              Fails(ErrorClass::invalid));
}

TEST(TaskFollower, CancellationEndsIt) {
  FollowedWorld world;
  async::Group group(world.loop.executor());
  Status ended;
  group.spawn("follower", [&]() -> Async<Status> {
    const auto task = co_await world.follower.follow(kUpid, 10min);
    ended = task.status();
    co_return Status();
  });
  world.loop.poll();
  group.cancel();
  (void)world.loop.block_on(world.clock, group.join());
  EXPECT_THAT(ended, Fails(ErrorClass::cancelled));
}

}  // namespace
}  // namespace gantry::pve
