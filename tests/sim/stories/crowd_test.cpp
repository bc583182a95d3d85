// Many at once: those that wait must not stand in the way of those that are at work.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

TEST_F(Story, MachinesThatWaitForTheirTurnAskNothingOfProxmox) {
  const auto vmid = ready("web");
  world.lab->faults().slow_max = 2h;
  world.lab->faults().next_task(lab::TaskFault::slow, "vzcreate", 1000);
  for (int i = 0; i < 100; ++i) world.create_machine("w" + std::to_string(i));
  world.run_for(1min);
  EXPECT_EQ(reason("w99", "Ready"), "False Throttled");
  const auto before = world.lab->request_count();
  world.run_for(1min);
  // A turn each 5 s, of a hundred: 1,200 looks. The few at work and the inventory may ask.
  EXPECT_LT(world.lab->request_count() - before, 300u);
  world.delete_machine("web");
  world.run_for(1min);
  EXPECT_FALSE(world.lab->find_guest(vmid).has_value());
}

}  // namespace
}  // namespace gantry::sim
