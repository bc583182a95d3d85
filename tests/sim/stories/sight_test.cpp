// Missing information is never an empty answer.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

TEST_F(Story, ALostPrivilegeLooksLikeADeletedFleetAndChangesNothing) {
  ready("web");
  ready("db");
  world.lab->set_privilege_masked("gantry@pve", "VM.Audit", true);
  world.blind = true;
  world.run_for(30s);  // the next cycle notices
  const auto writes = world.writes();
  world.create_machine("new");
  world.run_for(30min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_EQ(reason("web", "Ready").substr(0, 7), "Unknown");
  world.lab->set_privilege_masked("gantry@pve", "VM.Audit", false);
  world.blind = false;
  world.run_for(5min);
  EXPECT_THAT(world.unmet(), IsEmpty());
}

TEST_F(Story, WithoutQuorumNothingIsWritten) {
  const auto vmid = ready("web");
  world.lab->set_quorate(false);
  world.run_for(30s);
  const auto writes = world.writes();
  by_root([vmid](lab::Lab& lab) { return lab.stop_guest(vmid); });
  world.delete_machine("web");
  world.run_for(10min);
  EXPECT_EQ(world.writes(), writes);
  world.lab->set_quorate(true);
  world.run_for(3min);
  EXPECT_THAT(world.leaks(), IsEmpty());
}

TEST_F(Story, AContainerThatAPersonDestroyedIsMadeAgainOnlyOnceThatIsProven) {
  const auto vmid = ready("web");
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  world.run_for(15s);
  EXPECT_EQ(world.lab->guest_count(), 0u);
  world.run_for(5min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(world.lab->guest_count(), 1u);
}

TEST_F(Story, ManyThatVanishAtOnceAreBelievedToBeAMistake) {
  std::vector<VmId> all;
  for (int i = 0; i < 8; ++i) world.create_machine("m" + std::to_string(i));
  world.run_for(5min);
  ASSERT_THAT(world.unmet(), IsEmpty());
  for (int i = 0; i < 6; ++i) {
    const auto vmid = *world.vmid_of("m" + std::to_string(i));
    by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  }
  const auto writes = world.writes();
  world.run_for(30min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_EQ(world.lab->guest_count(), 2u);
}

TEST_F(Story, ARepairBudgetBoundsWhatIsMadeAgain) {
  const auto vmid = ready("web");
  for (int i = 0; i < 5; ++i) {
    if (world.lab->find_guest(vmid).has_value()) {
      by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
    }
    world.run_for(4min);
  }
  EXPECT_EQ(reason("web", "Held"), "True RepairBudget");
  world.run_for(1h);
  EXPECT_THAT(world.unmet(), IsEmpty());
}

// Five workers look at the same time, and none has made one again yet.
TEST_F(Story, TheBudgetOfTheClusterHoldsForThoseThatGoAtOnce) {
  for (int i = 0; i < 8; ++i) world.create_machine("m" + std::to_string(i));
  ASSERT_TRUE(wait_until([this] { return world.unmet().empty(); }));
  for (int i = 0; i < 5; ++i) {
    const auto vmid = *world.vmid_of("m" + std::to_string(i));
    by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  }
  world.run_for(5min);
  EXPECT_EQ(world.lab->guest_count(), 3u + 2u);  // disruptionsMin
  world.run_for(1h);
  EXPECT_THAT(world.unmet(), IsEmpty());
}

// For a token with rights on the pool only, every call on an id that is not there is a 403.
TEST_F(Story, GoneIsConcludedFromTheListsAndNeverFromA403) {
  const auto vmid = ready("web");
  ready("db");
  world.lab->set_privilege_masked("gantry@pve", "VM.Audit", true);
  world.blind = true;
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  world.run_for(30min);
  EXPECT_EQ(world.lab->guest_count(), 1u);
  EXPECT_EQ(reason("web", "Ready").substr(0, 7), "Unknown");
  world.lab->set_privilege_masked("gantry@pve", "VM.Audit", false);
  world.blind = false;
  // Now the lists say so; one cycle is not enough.
  world.run_for(20s);
  EXPECT_EQ(world.lab->guest_count(), 1u);
  world.run_for(3min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(world.lab->guest_count(), 2u);
}

class ThreeNodes : public Story {
 protected:
  ThreeNodes() : Story(three()) {}
  static WorldOptions three() {
    WorldOptions options;
    options.nodes = 3;
    return options;
  }
  // Six Machines; the names of those on pve3.
  std::vector<std::string> spread() {
    for (int i = 0; i < 6; ++i) world.create_machine("m" + std::to_string(i));
    world.run_for(5min);
    EXPECT_THAT(world.unmet(), IsEmpty());
    std::vector<std::string> there;
    for (const auto& [name, wish] : world.wanted()) {
      const auto guest = world.lab->find_guest(*world.vmid_of(name));
      if (guest->node == NodeName("pve3")) there.push_back(name);
    }
    EXPECT_EQ(there.size(), 2u);
    return there;
  }
};

TEST_F(ThreeNodes, OfOneThatDoesNotAnswerAScanNothingIsTouchedAndNothingPurged) {
  const auto there = spread();
  const auto rows = world.disk.image.guests.size();
  world.lab->faults().next_request(lab::RequestFault::error_595, "GET", "/nodes/pve3/", 1000000);
  world.run_for(30s);
  const auto writes = world.writes();
  const auto dies = *world.vmid_of(there[0]);
  by_root([dies](lab::Lab& lab) { return lab.stop_guest(dies); });
  world.delete_machine(there[1]);
  world.run_for(30min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_EQ(world.lab->guest_count(), 6u);
  EXPECT_EQ(world.objects("machines.gantry.dev").size(), 6u);
  EXPECT_EQ(world.disk.image.guests.size(), rows);
  world.lab->faults().clear();
  world.run_for(4min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_THAT(world.leaks(), IsEmpty());
}

TEST_F(ThreeNodes, OneThatDiesTakesNothingWithIt) {
  const auto there = spread();
  by_root([](lab::Lab& lab) { return lab.set_node_online(NodeName("pve3"), false); });
  world.delete_machine(there[1]);
  world.run_for(30min);
  // What was on it is neither made elsewhere nor forgotten; the others go on.
  EXPECT_EQ(world.lab->guest_count(), 6u);
  EXPECT_EQ(count_written("POST", "/lxc"), 6u);
  EXPECT_TRUE(world.machine(there[1]).has_value());
  EXPECT_NE(reason(there[0], "Ready").substr(0, 4), "True");
  by_root([](lab::Lab& lab) { return lab.set_node_online(NodeName("pve3"), true); });
  world.run_for(5min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_THAT(world.leaks(), IsEmpty());
}

}  // namespace
}  // namespace gantry::sim
