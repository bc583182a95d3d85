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

}  // namespace
}  // namespace gantry::sim
