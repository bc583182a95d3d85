// Snapshots: the data of a container is kept aside before another revision goes out.
#include "tests/sim/stories/kept_data.h"

namespace gantry::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST_F(SnapshotStory, IsTakenBeforeAnotherRevisionGoesOut) {
  start();
  const auto ready = reason("web-0", "Ready");
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return !snapshots(vmid()).empty(); }));
  EXPECT_EQ(page(), "page 1\n");
  EXPECT_EQ(reason("web-0", "Ready"), ready);
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  const auto taken = snapshots(vmid());
  ASSERT_THAT(taken, ElementsAre(StartsWith("gantry-r1-")));
  ASSERT_THAT(records(1), SizeIs(1));
  EXPECT_EQ(records(1)[0].string_or("name", ""), taken[0]);
  EXPECT_EQ(records(1)[0].string_or("machine", ""), "web-0");
  EXPECT_NE(records(1)[0].string_or("createdAt", ""), "");
}

TEST_F(SnapshotStory, EachContainerHasItsOwnWhenItsTurnComes) {
  start(2);
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return page(0) == "page 2\n" || page(1) == "page 2\n"; }));
  EXPECT_EQ(snapshots(vmid(0)).size() + snapshots(vmid(1)).size(), 1u);
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n", 2); }));
  EXPECT_THAT(snapshots(vmid(0)), SizeIs(1));
  EXPECT_THAT(snapshots(vmid(1)), SizeIs(1));
  EXPECT_THAT(records(1), SizeIs(2));
}

TEST_F(SnapshotStory, OfAllAtOnceBeforeARecreate) {
  start(2);
  world.edit_app("web", [](Json& spec) {
    with_page("page 2\n")(spec);
    spec.member("update").set("strategy", "Recreate");
  });
  ASSERT_TRUE(wait_until([&] { return page(0) == "page 2\n" || page(1) == "page 2\n"; }));
  EXPECT_THAT(snapshots(vmid(0)), SizeIs(1));
  EXPECT_THAT(snapshots(vmid(1)), SizeIs(1));
}

// A folder of raw images cannot: that is an answer, and the update goes out.
TEST_F(SnapshotStory, AStorageThatCannotIsTold) {
  start(1, "local");
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_EQ(count_written("POST", "/snapshot"), 0u);
  ASSERT_THAT(records(1), SizeIs(1));
  EXPECT_FALSE(records(1)[0].find("name"));
  EXPECT_EQ(records(1)[0].string_or("message", ""), "one of the storages local, tank cannot");
}

TEST_F(SnapshotStory, WhoWantsNoneGetsNone) {
  start();
  world.edit_app("web", [](Json& spec) {
    with_page("page 2\n")(spec);
    spec.member("update").set("snapshot", "Never");
  });
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_EQ(count_written("POST", "/snapshot"), 0u);
}

// The worker dies and leaves `lock: snapshot`: what runs goes on, a person is asked, and once the
// lock is off it is made anew.
TEST_F(SnapshotStory, ThatDiesHoldsTheUpdateAndSaysSo) {
  start();
  world.lab->faults().next_task(lab::TaskFault::kill, "vzsnapshot");
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return setting(vmid(), "lock") == "snapshot"; }));
  world.run_for(9min);
  EXPECT_EQ(condition("Stalled", "status"), "False");
  ASSERT_TRUE(wait_until([&] { return condition("Stalled", "status") == "True"; }));
  EXPECT_THAT(condition("Ready", "message"), HasSubstr("its data is kept aside first"));
  ASSERT_TRUE(wait_until([&] { return reason("web-0", "Stalled") == "True StaleLock"; }));
  EXPECT_EQ(page(), "page 1\n");
  EXPECT_EQ(count_written("POST", "/snapshot"), 1u);
  (void)world.lab->set_lock(vmid(), "");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_THAT(snapshots(vmid()), ElementsAre(StartsWith("gantry-r1-")));
}

TEST_F(SnapshotStory, ThatFailsIsTakenAgain) {
  start();
  world.lab->faults().next_task(lab::TaskFault::fail, "vzsnapshot", 2);
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_EQ(count_written("POST", "/snapshot"), 3u);
  EXPECT_THAT(snapshots(vmid()), SizeIs(1));
}

TEST_F(SnapshotStory, ALostAnswerMakesNoSecondOne) {
  start();
  world.lab->faults().next_request(lab::RequestFault::lose_answer, "POST", "/snapshot");
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_EQ(count_written("POST", "/snapshot"), 1u);
  EXPECT_THAT(snapshots(vmid()), SizeIs(1));
}

TEST_F(SnapshotStory, KillsAnywhereMakeNoSecondOneAndLoseNone) {
  start();
  update("page 2\n");
  for (uint64_t kill = 0; kill < 30; ++kill) {
    if (kill % 4 == 0) world.kill_at_next_write("POST", "/snapshot");
    world.host(0).kill_after(29 * kill + 20);
    world.run_for(2s);
    world.host(0).spare();
    world.spare_daemons();
    if (!world.daemon_runs()) world.start_daemon();
  }
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  EXPECT_THAT(snapshots(vmid()), ElementsAre(StartsWith("gantry-r1-")));
  ASSERT_THAT(records(1), SizeIs(1));
  EXPECT_EQ(records(1)[0].string_or("name", ""), snapshots(vmid())[0]);
}

// Three are kept; what a person has made stays, whatever it is called.
TEST_F(SnapshotStory, TheOldestGoAndAPersonsStay) {
  start();
  person_takes("before-my-change");
  person_takes("gantry-mine");
  for (int number = 2; number <= 6; ++number) {
    const auto wanted = "page " + std::to_string(number) + "\n";
    update(wanted);
    ASSERT_TRUE(wait_until([&] { return runs(wanted); }));
  }
  ASSERT_TRUE(wait_until([&] { return snapshots(vmid()).size() == 5; }));
  EXPECT_THAT(snapshots(vmid()),
              ElementsAre("before-my-change", "gantry-mine", StartsWith("gantry-r3-"),
                          StartsWith("gantry-r4-"), StartsWith("gantry-r5-")));
  EXPECT_EQ(records(1)[0].string_or("message", ""), "kept no more");
  EXPECT_EQ(records(5)[0].string_or("message", ""), "");
  world.run_for(10min);
  EXPECT_THAT(snapshots(vmid()), SizeIs(5));
}

TEST_F(SnapshotStory, OneThatAPersonRemovedIsNotTakenAgain) {
  start();
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  const auto path =
      "/nodes/pve1/lxc/" + std::to_string(vmid().get()) + "/snapshot/" + snapshots(vmid())[0];
  world.by_root("DELETE", path);
  world.run_for(10min);
  EXPECT_THAT(snapshots(vmid()), IsEmpty());
  EXPECT_NE(records(1)[0].string_or("message", ""), "");
}

// They go with their container.
TEST_F(SnapshotStory, AContainerWithSnapshotsGoesAsAnyOther) {
  start();
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
  world.edit_app("web", [](Json& spec) { spec.member("deletion").set("volumes", "Delete"); });
  world.delete_app("web");
  EXPECT_TRUE(wait_until([&] { return world.objects("apps.gantry.dev").empty(); }));
  EXPECT_THAT(world.leaks(), IsEmpty());
}

}  // namespace
}  // namespace gantry::sim
