// A create happens at most once.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

TEST_F(Story, AKillInTheMiddleOfACreationLeavesOneContainer) {
  world.run_for(1min);
  world.kill_at_next_write();
  world.create_machine("web");
  world.run_for(1min);
  ASSERT_FALSE(world.daemon_runs());
  world.start_daemon();
  world.run_for(5min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(world.lab->guest_count(), 1u);
}

TEST_F(Story, ALostAnswerToACreateDoesNotMakeASecondContainer) {
  world.run_for(1min);
  world.lab->faults().next_request(lab::RequestFault::lose_answer, "POST", "/lxc");
  world.create_machine("web");
  world.run_for(5min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(world.lab->guest_count(), 1u);
}

TEST_F(Story, ACreateThatIsExecutedLateIsNotLeaked) {
  world.run_for(1min);
  world.lab->faults().next_request(lab::RequestFault::error_596, "POST", "/lxc");
  world.create_machine("web");
  world.run_for(40s);
  world.delete_machine("web");
  world.run_for(10min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_THAT(world.leaks(), IsEmpty());
}

TEST_F(Story, AStrangerOnTheNextIdIsPassedBy) {
  world.put_stranger(VmId(20000));
  const auto vmid = ready("web");
  EXPECT_NE(vmid, VmId(20000));
}

}  // namespace
}  // namespace gantry::sim
