// Identity is our row plus a mark.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

TEST_F(Story, AGuestWithoutEitherMarkIsHeldWhateverTheUserAsks) {
  const auto vmid = ready("web");
  (void)world.lab->edit_config(vmid, "description", "mine now");
  (void)world.lab->edit_config(vmid, "tags", "mine");
  const auto writes = world.writes();
  world.run_for(5min);
  EXPECT_EQ(reason("web", "Held"), "True OwnershipUnproven");
  world.delete_machine("web");
  world.run_for(30min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_TRUE(world.lab->find_guest(vmid).has_value());
}

TEST_F(Story, ACopyThatCarriesOurMarkIsAStrangersAndStaysWhenTheOriginalGoes) {
  const auto vmid = ready("web");
  world.copy_guest(vmid, VmId(20033));
  world.run_for(5min);
  world.delete_machine("web");
  world.run_for(5min);
  EXPECT_FALSE(world.lab->find_guest(vmid).has_value());
  EXPECT_TRUE(world.lab->find_guest(VmId(20033)).has_value());
}

}  // namespace
}  // namespace gantry::sim
