// What becomes of Machines when the App that owns them goes.
#include "pkg/schema/json.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::HasSubstr;

constexpr const char* kMachine = "wiki-0";

class Garbage : public Story {
 protected:
  VmId ready_app() {
    world.create_app("wiki", 1, "hello");
    EXPECT_TRUE(wait_until([this] { return reason(kMachine, "Ready").starts_with("True"); }));
    return world.vmid_of(kMachine).value_or(VmId(0));
  }
  bool app_is_there() { return !world.objects("apps.gantry.dev").empty(); }
  bool is_there() { return world.machine(kMachine).has_value(); }
};

TEST_F(Garbage, AnAppThatGoesAloneLeavesItsContainersRunning) {
  const auto vmid = ready_app();
  const auto writes = world.writes();
  world.delete_app("wiki", store::Dependents::orphan);
  ASSERT_TRUE(wait_until([this] { return !app_is_there(); }));
  world.kill_daemon();
  world.start_daemon();
  world.run_for(1h);
  ASSERT_TRUE(is_there());
  EXPECT_EQ(world.machine(kMachine)->find_path({"metadata", "ownerReferences"}), nullptr);
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
  EXPECT_EQ(world.writes(), writes) << "nobody touched Proxmox for it";
}

// Half-way killed: the references go one by one, and the App only after the last.
TEST_F(Garbage, LeavingBehindSurvivesACrash) {
  const auto vmid = ready_app();
  world.delete_app("wiki", store::Dependents::orphan);
  for (int i = 0; i < 5; ++i) {
    world.kill_daemon();
    world.start_daemon();
    world.run_for(300ms);
  }
  ASSERT_TRUE(wait_until([this] { return !app_is_there(); }));
  world.run_for(10min);
  EXPECT_TRUE(is_there());
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
}

TEST_F(Garbage, InTheForegroundTheAppOutlivesItsContainers) {
  const auto vmid = ready_app();
  world.lab->faults().next_request(lab::RequestFault::error_500, "DELETE", "/lxc/20000", 5);
  world.delete_app("wiki", store::Dependents::foreground);
  while (world.lab->find_guest(vmid).has_value()) {
    ASSERT_TRUE(app_is_there());
    world.run_for(500ms);
  }
  EXPECT_TRUE(wait_until([this] { return !app_is_there(); }));
  EXPECT_FALSE(is_there());
  EXPECT_THAT(world.leaks(), IsEmpty());
}

TEST_F(Garbage, MachinesOfAnAppThatWasTornOutGoOnceTheDaemonIsBack) {
  ready_app();
  world.kill_daemon();
  world.delete_app("wiki");
  world.strip_app("wiki");
  world.run_for(1s);
  ASSERT_FALSE(app_is_there());
  EXPECT_TRUE(is_there());
  world.start_daemon();
  EXPECT_TRUE(wait_until([this] { return !is_there(); }));
  EXPECT_THAT(world.leaks(), IsEmpty());
}

TEST_F(Garbage, AnAppOfTheSameNameIsNotTheOneThatOwnsThem) {
  const auto vmid = ready_app();
  world.kill_daemon();
  world.delete_app("wiki");
  world.strip_app("wiki");
  world.create_app("wiki", 1, "other");
  world.start_daemon();
  ASSERT_TRUE(wait_until([&] { return world.vmid_of(kMachine).value_or(vmid) != vmid; }));
  EXPECT_TRUE(wait_until([this] { return reason(kMachine, "Ready").starts_with("True"); }));
}

TEST_F(Garbage, SaysWhatAnAppWaitsForWhenItsContainerDoesNotGo) {
  ready_app();
  world.delete_app("wiki", store::Dependents::foreground);
  world.lab->faults().next_request(lab::RequestFault::error_500, "GET", "/cluster/resources",
                                   100000);
  world.run_for(5min);
  ASSERT_TRUE(app_is_there());
  const auto app = schema::to_json(world.objects("apps.gantry.dev").front());
  EXPECT_THAT(app, HasSubstr("\"type\":\"DeletionBlocked\""));
  EXPECT_THAT(app, HasSubstr("machines.gantry.dev default/wiki-0"));
  world.lab->faults().clear();
  EXPECT_TRUE(wait_until([this] { return !app_is_there(); }));
}

}  // namespace
}  // namespace gantry::sim
