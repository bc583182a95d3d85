// Data that is put back because somebody asks for it: once, and never without a copy of what was
// there.
#include "tests/sim/stories/kept_data.h"

namespace gantry::sim {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kData = "/srv/data/pages";

class RestoreStory : public SnapshotStory {
 protected:
  RestoreStory() : RestoreStory("lvmthin") {}
  explicit RestoreStory(const std::string& tank) : SnapshotStory(tank) {}

  void write(const std::string& text) {
    world.backend.inside(vmid())->files[kData] = {text, 0644, "root", "root"};
  }
  std::string data() {
    const auto* system = world.backend.inside(vmid());
    return system == nullptr || !system->files.contains(kData) ? ""
                                                               : system->files.at(kData).content;
  }
  // Revision 1 has left "old", revision 2 runs on "new".
  void migrate() {
    start();
    write("old");
    update("page 2\n");
    ASSERT_TRUE(wait_until([&] { return runs("page 2\n"); }));
    write("new");
  }
  void ask(const std::string& id) {
    world.edit_app("web", [id](Json& spec) {
      with_page("page 1\n")(spec);
      spec.member("restore").set("id", id);
      spec.member("restore").set("revision", 1);
    });
  }
  std::string restore(const char* field) {
    const auto object = world.machine("web-0");
    const auto* restore = object.has_value() ? object->find_path({"status", "restore"}) : nullptr;
    return restore == nullptr ? "" : restore->string_or(field, "");
  }
  bool is_over(const std::string& state) { return restore("state") == state && runs("page 1\n"); }
  size_t rollbacks() { return count_written("POST", "/rollback"); }
  // What is written from now on stays, whatever happens.
  void expect_to_last() {
    write("later");
    for (int i = 0; i < 3; ++i) {
      world.kill_daemon();
      world.run_for(1min);
      world.start_daemon();
      world.run_for(10min);
    }
    EXPECT_EQ(data(), "later");
  }
};

TEST_F(RestoreStory, DataGoesBackOnceAndWhatWasThereIsKept) {
  migrate();
  const auto before = snapshots(vmid());
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return is_over("Done"); }));
  EXPECT_EQ(data(), "old");
  EXPECT_EQ(rollbacks(), 1u);
  EXPECT_EQ(restore("safety"), "gantry-safety-r1-a");
  EXPECT_THAT(snapshots(vmid()), ElementsAre(before[0], "gantry-safety-r1-a"));
  expect_to_last();
  // The same wish again is no wish.
  ask("r1-a");
  world.run_for(10min);
  EXPECT_EQ(rollbacks(), 1u);
  EXPECT_EQ(data(), "later");
  ask("r1-b");
  ASSERT_TRUE(wait_until([&] { return restore("id") == "r1-b" && is_over("Done"); }));
  EXPECT_EQ(data(), "old");
  EXPECT_EQ(rollbacks(), 2u);
  ASSERT_TRUE(wait_until([&] { return snapshots(vmid()).size() == 2; }));
  EXPECT_THAT(snapshots(vmid()), ElementsAre(before[0], "gantry-safety-r1-b"));
}

// It stands still from before the copy until what runs on it is what belongs to it.
TEST_F(RestoreStory, NothingRunsBetweenTheCopyAndTheRollback) {
  migrate();
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return snapshots(vmid()).size() == 2; }));
  EXPECT_FALSE(world.lab->find_guest(vmid())->running);
  while (rollbacks() == 0) {
    EXPECT_FALSE(world.lab->find_guest(vmid())->running);
    world.run_for(500ms);
  }
  ASSERT_TRUE(wait_until([&] { return is_over("Done"); }));
}

TEST_F(RestoreStory, KillsAnywhereDoNotRepeatIt) {
  migrate();
  ask("r1-a");
  for (uint64_t kill = 0; kill < 40; ++kill) {
    if (kill % 5 == 0) world.kill_at_next_write("POST", "/rollback");
    if (kill % 5 == 2) world.kill_at_next_write("POST", "/snapshot");
    if (kill % 5 == 3) world.kill_at_next_write("POST", "/status");
    world.host(0).kill_after(31 * kill + 20);
    world.run_for(2s);
    world.host(0).spare();
    world.spare_daemons();
    if (!world.daemon_runs()) world.start_daemon();
  }
  ASSERT_TRUE(wait_until([&] { return is_over("Done"); }));
  EXPECT_EQ(data(), "old");
  expect_to_last();
}

TEST_F(RestoreStory, ALostAnswerDoesNotRepeatIt) {
  migrate();
  world.lab->faults().next_request(lab::RequestFault::lose_answer, "POST", "/rollback");
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return is_over("Done"); }));
  EXPECT_EQ(data(), "old");
  EXPECT_EQ(rollbacks(), 1u);
  expect_to_last();
}

// Answered 596, and done a minute and more later: nothing has been started by then.
TEST_F(RestoreStory, ALateOneLosesNothing) {
  migrate();
  world.lab->faults().next_request(lab::RequestFault::error_596, "POST", "/rollback");
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return is_over("Done"); }));
  EXPECT_EQ(data(), "old");
  expect_to_last();
}

TEST_F(RestoreStory, OneThatDiesIsToldAndDoneAnewAfterAPersonHasUnlocked) {
  migrate();
  world.lab->faults().next_task(lab::TaskFault::kill, "vzrollback");
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return reason("web-0", "Held") == "True RestoreUnfinished"; }));
  EXPECT_THAT(message("web-0", "Held"), HasSubstr("pct unlock"));
  EXPECT_FALSE(world.lab->find_guest(vmid())->running);
  (void)world.lab->set_lock(vmid(), "");
  ASSERT_TRUE(wait_until([&] { return is_over("Done"); }));
  EXPECT_EQ(data(), "old");
}

// Nothing was changed: what ran goes on.
TEST_F(RestoreStory, OneThatFailsLeavesWhatWasThere) {
  migrate();
  world.lab->faults().next_task(lab::TaskFault::fail, "vzrollback", 3);
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return is_over("Refused"); }));
  EXPECT_EQ(data(), "new");
  EXPECT_EQ(reason("web-0", "Held"), "True RestoreRefused");
  EXPECT_THAT(reason("web-0", "Ready"), StartsWith("True"));
}

TEST_F(RestoreStory, WithoutACopyOfWhatIsThereNothingIsPutBack) {
  migrate();
  world.lab->faults().next_task(lab::TaskFault::fail, "vzsnapshot", 3);
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return is_over("Refused"); }));
  EXPECT_EQ(rollbacks(), 0u);
  EXPECT_EQ(data(), "new");
}

TEST_F(RestoreStory, ASnapshotThatIsGoneIsToldAndNothingStops) {
  migrate();
  const auto path =
      "/nodes/pve1/lxc/" + std::to_string(vmid().get()) + "/snapshot/" + snapshots(vmid())[0];
  world.by_root("DELETE", path);
  world.run_for(10s);
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return is_over("Refused"); }));
  EXPECT_EQ(count_written("POST", "/status/shutdown"), 0u);
  EXPECT_EQ(data(), "new");
}

// Whoever is not asked about keeps what he has.
TEST_F(RestoreStory, OthersAreLeftAlone) {
  start(2);
  const auto other = world.vmid_of("web-1").value();
  world.put_stranger(VmId(20050));
  update("page 2\n");
  ASSERT_TRUE(wait_until([&] { return runs("page 2\n", 2); }));
  const auto path =
      "/nodes/pve1/lxc/" + std::to_string(other.get()) + "/snapshot/" + snapshots(other)[0];
  world.by_root("DELETE", path);
  world.run_for(2min);
  world.backend.inside(other)->files[kData] = {"mine", 0644, "root", "root"};
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return restore("state") == "Done" && runs("page 1\n", 2); }));
  EXPECT_EQ(rollbacks(), 1u);
  EXPECT_EQ(world.backend.inside(other)->files[kData].content, "mine");
}

class ZfsRestoreStory : public RestoreStory {
 protected:
  ZfsRestoreStory() : RestoreStory("zfspool") {}
};

// It goes back to the newest snapshot only: what is there now becomes a backup.
TEST_F(ZfsRestoreStory, ABackupIsTheCopy) {
  migrate();
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return is_over("Done"); }));
  EXPECT_EQ(data(), "old");
  EXPECT_EQ(count_written("POST", "/vzdump"), 1u);
  EXPECT_EQ(restore("safety"), "backup on local");
  EXPECT_EQ(rollbacks(), 1u);
  expect_to_last();
}

TEST_F(ZfsRestoreStory, ANewerOneOfAPersonIsInTheWayAndStays) {
  migrate();
  person_takes("mine");
  ask("r1-a");
  ASSERT_TRUE(wait_until([&] { return is_over("Refused"); }));
  EXPECT_THAT(message("web-0", "Held"), HasSubstr("the newest snapshot only, which is 'mine'"));
  EXPECT_THAT(snapshots(vmid()), Contains("mine"));
  EXPECT_EQ(count_written("POST", "/status/shutdown"), 0u);
  EXPECT_EQ(data(), "new");
}

TEST_F(ZfsRestoreStory, KillsAnywhereDoNotRepeatIt) {
  migrate();
  ask("r1-a");
  for (uint64_t kill = 0; kill < 40; ++kill) {
    if (kill % 4 == 0) world.kill_at_next_write("POST", "/rollback");
    if (kill % 4 == 2) world.kill_at_next_write("POST", "/vzdump");
    world.host(0).kill_after(37 * kill + 20);
    world.run_for(2s);
    world.host(0).spare();
    world.spare_daemons();
    if (!world.daemon_runs()) world.start_daemon();
  }
  ASSERT_TRUE(wait_until([&] { return is_over("Done"); }));
  EXPECT_EQ(data(), "old");
  expect_to_last();
}

}  // namespace
}  // namespace gantry::sim
