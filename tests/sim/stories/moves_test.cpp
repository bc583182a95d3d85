// Another node is a move, a larger disk is a growth: nothing is ever replaced.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::HasSubstr;

class Moves : public Story {
 protected:
  void allow_moves() {
    (void)world.lab->add_role("GantryMoves", {"VM.Migrate"});
    ASSERT_TRUE(world.lab->grant("/pool/gantry", "gantry@pve", "GantryMoves").ok());
  }
  NodeName node_of(VmId vmid) { return world.lab->find_guest(vmid)->node; }
  NodeName other_than(const NodeName& node) {
    return NodeName(node == NodeName("pve1") ? "pve2" : "pve1");
  }
  void want_on(const std::string& name, const NodeName& node) {
    world.edit_machine(name, [node](Json& spec) { spec.set("node", node.get()); });
  }
  size_t migrations() { return count_written("POST", "/migrate"); }
  void expect_never_replaced() {
    EXPECT_EQ(count_written("POST", "/lxc"), 1u);
    EXPECT_EQ(count_written("DELETE", "/lxc/20000"), 0u);
    EXPECT_EQ(world.lab->guest_count(), 1u);
    EXPECT_EQ(world.lab->volumes().size(), 1u);
  }
};

TEST_F(Moves, TheNodeFieldMovesTheContainer) {
  allow_moves();
  const auto vmid = ready("web");
  const auto other = other_than(node_of(vmid));
  want_on("web", other);
  world.run_for(3min);
  EXPECT_EQ(node_of(vmid), other);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(migrations(), 1u);
  expect_never_replaced();
}

TEST_F(Moves, ACrashRightAfterTheCallMakesNoSecondMove) {
  allow_moves();
  const auto vmid = ready("web");
  const auto other = other_than(node_of(vmid));
  world.kill_at_next_write("POST", "/migrate");
  want_on("web", other);
  world.run_for(30s);
  ASSERT_FALSE(world.daemon_runs());
  world.start_daemon();
  world.run_for(3min);
  EXPECT_EQ(node_of(vmid), other);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(migrations(), 1u);
  expect_never_replaced();
}

TEST_F(Moves, WithoutThePrivilegeItIsHeldAndSaysWhatToGrant) {
  const auto vmid = ready("web");
  const auto home = node_of(vmid);
  want_on("web", other_than(home));
  world.run_for(5min);
  EXPECT_EQ(reason("web", "Held"), "True MoveFailed");
  EXPECT_THAT(message("web", "Held"), HasSubstr("pveum acl modify /pool/gantry --users "));
  EXPECT_EQ(node_of(vmid), home);
  // What keeps it from moving keeps it from nothing else.
  by_root([vmid](lab::Lab& lab) { return lab.stop_guest(vmid); });
  world.run_for(1min);
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
  allow_moves();
  world.run_for(10min);
  EXPECT_EQ(node_of(vmid), other_than(home));
  EXPECT_THAT(world.unmet(), IsEmpty());
  expect_never_replaced();
}

TEST_F(Moves, ANodeThatIsDownIsWaitedFor) {
  allow_moves();
  const auto vmid = ready("web");
  const auto other = other_than(node_of(vmid));
  by_root([other](lab::Lab& lab) { return lab.set_node_online(other, false); });
  want_on("web", other);
  world.run_for(5min);
  EXPECT_EQ(reason("web", "Held"), "True NodeNotAvailable");
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
  by_root([other](lab::Lab& lab) { return lab.set_node_online(other, true); });
  world.run_for(3min);
  EXPECT_EQ(node_of(vmid), other);
  EXPECT_THAT(world.unmet(), IsEmpty());
}

TEST_F(Moves, EachRestartsItAndSoTheyHaveABudget) {
  allow_moves();
  const auto vmid = ready("web");
  for (int i = 0; i < 5; ++i) {
    want_on("web", other_than(node_of(vmid)));
    world.run_for(3min);
  }
  EXPECT_EQ(reason("web", "Held"), "True RepairBudget");
  EXPECT_LE(migrations(), 3u);
  world.run_for(1h);
  EXPECT_THAT(world.unmet(), IsEmpty());
  expect_never_replaced();
}

TEST_F(Moves, ADiskGrowsWhereItIs) {
  const auto vmid = ready("web");
  world.edit_class([](Json& spec) { spec.member("rootDisk").set("size", "12Gi"); });
  world.run_for(2min);
  EXPECT_THAT(setting(vmid, "rootfs"), HasSubstr("size=12G"));
  EXPECT_THAT(world.unmet(), IsEmpty());
  expect_never_replaced();
}

// SAF-013, BKP-008: admission refuses it; a class that got there by another way replaces nothing
// either.
TEST_F(Moves, ADiskThatShallShrinkIsRefusedAndNothingReplaced) {
  const auto vmid = ready("web");
  const auto shape = world.objects("machineclasses.gantry.dev").front();
  auto smaller = shape;
  smaller.member("spec").member("rootDisk").set("size", "4Gi");
  const auto problems = api::v1alpha1::machine_class_kind().check_update(shape, smaller);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems.front().message, HasSubstr("cannot be made smaller"));
  world.edit_class([](Json& spec) { spec.member("rootDisk").set("size", "4Gi"); });
  const auto writes = world.writes();
  world.run_for(10min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_THAT(setting(vmid, "rootfs"), HasSubstr("size=8G"));
  EXPECT_EQ(reason("web", "Ready"), "True Running");
  EXPECT_EQ(reason("web", "Drifted"), "True NotReverted");
  expect_never_replaced();
}

}  // namespace
}  // namespace gantry::sim
