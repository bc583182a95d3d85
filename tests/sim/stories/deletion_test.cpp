// A delete is done when it is proven done.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using lab::RequestFault;
using lab::TaskFault;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class Deletion : public Story {
 protected:
  Deletion() = default;
  explicit Deletion(WorldOptions options) : Story(std::move(options)) {}

  size_t destroys() { return count_written("DELETE", "/lxc/20000"); }
  bool is_there(const std::string& name) { return world.machine(name).has_value(); }
  // The Machine is gone, and of its container nothing is left.
  void expect_gone(const std::string& name) {
    EXPECT_FALSE(is_there(name));
    EXPECT_THAT(world.unmet(), IsEmpty());
    EXPECT_THAT(world.leaks(), IsEmpty());
  }
};

TEST_F(Deletion, AwaitsTheStopAndDoesNotTakeTheDyingOneBack) {
  const auto vmid = ready("web");
  world.backend.set_ignores_shutdown(vmid, true);
  world.lab->faults().slow_max = 4min;
  world.lab->faults().next_task(TaskFault::slow, "vzstop");
  world.delete_machine("web");
  ASSERT_TRUE(wait_until([this] { return count_written("POST", "/status/stop") == 1; }));
  // Half-way, by another daemon that finds it running still.
  world.kill_daemon();
  world.start_daemon();
  ASSERT_TRUE(wait_until([this] { return destroys() > 0; }));
  EXPECT_FALSE(world.lab->find_guest(vmid)->running);
  world.run_for(3min);
  EXPECT_EQ(count_written("POST", "/status/start"), 1u);  // that of its creation
  EXPECT_EQ(count_written("POST", "/lxc"), 1u);
  EXPECT_EQ(destroys(), 1u);
  expect_gone("web");
}

class DeletionOnOneNode : public Deletion {
 protected:
  DeletionOnOneNode() : Deletion(one_node()) {}
  static WorldOptions one_node() {
    WorldOptions options;
    options.nodes = 1;
    options.cluster = [](auto& spec) { spec.limits.tasks_per_node = 2; };
    return options;
  }
};

// A shutdown that is refused, because the node has its fill of tasks, has asked nobody anything.
TEST_F(DeletionOnOneNode, ShutsDownAllThatGoAtOnceAndKillsNone) {
  const std::vector<std::string> names{"a", "b", "c", "d", "e", "f"};
  for (const auto& name : names) world.create_machine(name);
  ASSERT_TRUE(wait_until([this] { return world.unmet().empty(); }));
  for (const auto& name : names) world.delete_machine(name);
  world.run_for(5min);
  for (const auto& name : names) EXPECT_FALSE(is_there(name)) << name;
  EXPECT_EQ(count_written("POST", "/status/shutdown"), names.size());
  EXPECT_EQ(count_written("POST", "/status/stop"), 0u);
}

class DeletionAsRoot : public Deletion {
 protected:
  DeletionAsRoot() : Deletion(as_root()) {}
  static WorldOptions as_root() {
    WorldOptions options;
    options.as_root = true;
    return options;
  }
};

// To a token that may see it, Proxmox says of a missing guest "500 Configuration file … does not
// exist".
TEST_F(DeletionAsRoot, OfWhatAPersonDestroyedMeanwhileLetsTheFinalizerGo) {
  const auto vmid = ready("web");
  world.lab->faults().delay_max = 30s;
  world.lab->faults().next_request(RequestFault::delay, "DELETE", "/lxc/20000", 5);
  world.delete_machine("web");
  ASSERT_TRUE(wait_until([&] { return !world.lab->find_guest(vmid)->running; }));
  world.run_for(3s);
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  world.run_for(6min);
  expect_gone("web");
}

TEST_F(Deletion, FollowsAContainerThatIsMovedBeforeItsTeardown) {
  const auto vmid = ready("web");
  const auto node = world.lab->find_guest(vmid)->node.get();
  const NodeName other(node == "pve1" ? "pve2" : "pve1");
  ASSERT_TRUE(world.lab->migrate_guest(vmid, other).ok());
  world.delete_machine("web");
  world.run_for(3min);
  expect_gone("web");
  EXPECT_EQ(world.lab->guest_count(), 0u);
}

TEST_F(Deletion, WaitsWhileALeftoverVolumeCannotBeRuledOut) {
  ready("web");
  world.delete_machine("web");
  world.lab->faults().next_request(RequestFault::error_500, "GET", "/content", 100000);
  world.run_for(20min);
  ASSERT_TRUE(is_there("web"));
  EXPECT_EQ(reason("web", "Ready"), "Unknown Unknown");
  EXPECT_THAT(message("web", "Ready"), HasSubstr("volumes"));
  EXPECT_EQ(world.disk.image.guests.front().released_at, std::nullopt);
  world.lab->faults().clear();
  world.run_for(1min);
  expect_gone("web");
}

// Somebody has kept a disk, and taken it out of the config by hand.
TEST_F(Deletion, DestroysOnlyWhatTheConfigNames) {
  const auto vmid = ready("web");
  const auto node = world.lab->find_guest(vmid)->node.get();
  world.by_root("PUT", "/nodes/" + node + "/lxc/20000/config", {{"mp0", "local:1,mp=/kept"}});
  ASSERT_EQ(world.lab->volumes().size(), 2u);
  const auto kept = setting(vmid, "mp0");
  (void)world.lab->edit_config(vmid, "mp0", "");
  world.delete_machine("web");
  world.run_for(3min);
  EXPECT_FALSE(is_there("web"));
  ASSERT_EQ(world.lab->volumes().size(), 1u);
  EXPECT_THAT(kept, ::testing::StartsWith(world.lab->volumes().front().volid));
}

// The list of storages comes with that of the guests: none that was read holds no volume.
TEST_F(Deletion, ConcludesNothingFromAListOfStoragesThatFailed) {
  ready("web");
  world.lab->faults().slow_max = 4min;
  world.lab->faults().next_task(TaskFault::slow, "vzdestroy");
  world.delete_machine("web");
  ASSERT_TRUE(wait_until([this] { return destroys() == 1; }));
  world.lab->faults().next_request(RequestFault::error_500, "GET", "/cluster/resources", 100000);
  world.run_for(20min);
  ASSERT_TRUE(is_there("web"));
  EXPECT_EQ(world.disk.image.guests.front().released_at, std::nullopt);
  world.lab->faults().clear();
  world.run_for(1min);
  expect_gone("web");
}

// Proven gone by the cluster's lists, while the disks of its node are out of sight.
TEST_F(Deletion, WaitsForTheStoragesOfTheNodeThatItWasOn) {
  const auto vmid = ready("web");
  const NodeName node(world.lab->find_guest(vmid)->node == NodeName("pve1") ? "pve2" : "pve1");
  ASSERT_TRUE(world.lab->migrate_guest(vmid, node).ok());
  world.edit_machine("web", [](Json& spec) { spec.set("powerState", "Stopped"); });
  world.run_for(3min);
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  by_root([node](lab::Lab& lab) { return lab.set_node_online(node, false); });
  world.delete_machine("web");
  world.run_for(20min);
  ASSERT_TRUE(is_there("web"));
  EXPECT_EQ(reason("web", "Ready"), "Unknown Unknown");
  EXPECT_THAT(message("web", "Ready"), HasSubstr("local on " + node.get()));
  by_root([node](lab::Lab& lab) { return lab.set_node_online(node, true); });
  world.run_for(2min);
  expect_gone("web");
}

TEST_F(Deletion, DestroysNothingWhileTheListsCannotBeRead) {
  const auto vmid = ready("web");
  world.lab->faults().next_request(RequestFault::error_500, "GET", "/cluster/resources", 100000);
  world.run_for(30s);
  const auto writes = world.writes();
  world.delete_machine("web");
  world.run_for(20min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
  EXPECT_THAT(message("web", "Held"), HasSubstr("would shut it down"));
  world.lab->faults().clear();
  world.run_for(4min);
  expect_gone("web");
}

TEST_F(Deletion, ThatTimesOutIsNotADelete) {
  const auto vmid = ready("web");
  world.lab->faults().next_request(RequestFault::lose_request, "DELETE", "/lxc/20000");
  world.delete_machine("web");
  ASSERT_TRUE(wait_until([this] { return message("web", "Ready").starts_with("the answer"); }));
  EXPECT_TRUE(world.lab->find_guest(vmid).has_value());
  EXPECT_TRUE(is_there("web"));
  EXPECT_EQ(destroys(), 0u);
  world.run_for(5min);
  EXPECT_EQ(destroys(), 1u);
  expect_gone("web");
}

TEST_F(Deletion, IsNotDoneWhileItsTaskRuns) {
  ready("web");
  world.lab->faults().slow_max = 10min;
  world.lab->faults().next_task(TaskFault::slow, "vzdestroy");
  world.delete_machine("web");
  ASSERT_TRUE(wait_until([this] { return destroys() == 1; }));
  ASSERT_TRUE(wait_until([this] {
    EXPECT_TRUE(is_there("web") || world.lab->guest_count() == 0);
    return world.lab->guest_count() == 0;
  }));
  world.run_for(1min);
  expect_gone("web");
}

// The destroy is answered 596 and executed up to two and a half minutes later.
class LateDestroy : public Deletion {
 protected:
  LateDestroy() = default;
  explicit LateDestroy(WorldOptions options) : Deletion(std::move(options)) {}
  void destroy_late() {
    world.lab->faults().late_execution_max = 150s;
    world.lab->faults().next_request(RequestFault::error_596, "DELETE", "/lxc/20000");
    world.delete_machine("web");
    ASSERT_TRUE(wait_until([this] { return reason("web", "Ready").ends_with("AnswerLost"); }));
  }
};

TEST_F(LateDestroy, MeetsNobodyElse) {
  ready("web");
  destroy_late();
  world.create_machine("db");
  world.run_for(10min);
  EXPECT_NE(world.vmid_of("db"), VmId(20000));
  EXPECT_EQ(destroys(), 1u);
  expect_gone("web");
}

// Seed 149. How long ago the call was made no time of day may say.
TEST_F(LateDestroy, IsWaitedForThoughTheClockIsSetForward) {
  ready("web");
  destroy_late();
  world.host(0).clock().set_offset(2h);
  for (int i = 0; i < 10; ++i) {
    world.run_for(5s);
    EXPECT_EQ(reason("web", "Ready"), "False AnswerLost");
  }
  world.run_for(10min);
  EXPECT_EQ(destroys(), 1u);
  expect_gone("web");
}

class LateDestroyOfTheOnlyId : public LateDestroy {
 protected:
  LateDestroyOfTheOnlyId() : LateDestroy(one_id()) {}
  static WorldOptions one_id() {
    WorldOptions options;
    options.cluster = [](auto& spec) {
      spec.vmid_range = {20000, 20000};
      spec.vmid_quarantine = 0s;
    };
    return options;
  }
};

TEST_F(LateDestroyOfTheOnlyId, KeepsTheIdUntilItCanNoLongerCome) {
  const auto vmid = ready("web");
  destroy_late();
  // A person is faster: by every list the id is free while the destroy is still to come.
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  world.create_machine("db");
  world.run_for(15min);
  expect_gone("web");
  EXPECT_EQ(world.vmid_of("db"), VmId(20000));
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
  EXPECT_EQ(count_written("POST", "/lxc"), 2u);
}

TEST_F(LateDestroyOfTheOnlyId, LeavesTheIdToTheTaskThatNamesIt) {
  ready("web");
  world.delete_machine("web");
  world.run_for(3min);
  expect_gone("web");
  // Somebody's restore onto that id runs: its guest is not to be seen, but its task is.
  world.lab->faults().slow_max = 10min;
  world.lab->faults().next_task(TaskFault::slow, "vzcreate");
  const std::shared_ptr<pve::Client> root = world.root();
  world.perform([root]() -> Async<Status> {
    pve::Parameters parameters{
        {"ostemplate", "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst"},
        {"rootfs", "local:1"},
        {"unprivileged", "1"}};
    const auto task =
        co_await root->create_guest(NodeName("pve1"), VmId(20000), std::move(parameters));
    co_return task.status();
  });
  world.run_for(20s);
  world.create_machine("db");
  world.run_for(30s);
  EXPECT_EQ(reason("db", "Stalled"), "True NoFreeVMID");
  EXPECT_EQ(world.vmid_of("db"), std::nullopt);
}

}  // namespace
}  // namespace gantry::sim
