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

// Seed 50038. Its task looks older than the call, and the notes are edited before the tag is there.
TEST_F(Story, AClockAheadOfProxmoxDoesNotMakeASecondContainerAfterALostAnswer) {
  world.run_for(1min);
  world.host(0).clock().set_offset(17min);
  world.run_for(30s);
  world.lab->faults().next_request(lab::RequestFault::lose_answer, "POST", "/lxc");
  world.create_machine("web");
  const VmId vmid(20000);
  ASSERT_TRUE(
      wait_until([&] { return world.lab->guest_count() == 1 && setting(vmid, "lock").empty(); }));
  ASSERT_EQ(setting(vmid, "tags"), "");
  ASSERT_TRUE(world.lab->edit_config(vmid, "description", "hello").ok());
  world.wanted()["web"].unproven = true;
  world.run_for(15min);
  EXPECT_EQ(reason("web", "Ready"), "False OwnershipUnproven");
  EXPECT_EQ(world.vmid_of("web"), vmid);
  EXPECT_EQ(world.lab->guest_count(), 1u);
  world.delete_machine("web");
  world.run_for(10min);
  EXPECT_TRUE(world.lab->find_guest(vmid).has_value());
  EXPECT_TRUE(world.machine("web").has_value()) << "its container is still there";
}

TEST_F(Story, AStrangerOnTheNextIdIsPassedBy) {
  world.put_stranger(VmId(20000));
  const auto vmid = ready("web");
  EXPECT_NE(vmid, VmId(20000));
}

TEST_F(Story, ACreateAnswered596AndExecutedLaterIsFoundAndNotRepeated) {
  world.run_for(1min);
  world.lab->faults().late_execution_max = 120s;
  world.lab->faults().next_request(lab::RequestFault::error_596, "POST", "/lxc");
  world.create_machine("web");
  world.run_for(10min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(count_written("POST", "/lxc"), 1u);
  EXPECT_EQ(world.lab->guest_count(), 1u);
  EXPECT_EQ(world.disk.image.guests.size(), 1u);
}

// Tags are checked against /vms/{id}, which is in no pool yet: only the description goes with the
// create call.
TEST_F(Story, ACrashBeforeTheTagIsSetChangesNothing) {
  world.run_for(1min);
  world.kill_at_next_write("POST", "/lxc");
  world.create_machine("web");
  world.run_for(1min);
  ASSERT_FALSE(world.daemon_runs());
  const auto guest = world.lab->guests().front();
  EXPECT_TRUE(guest.config.contains("description"));
  EXPECT_FALSE(guest.config.contains("tags"));
  world.start_daemon();
  world.run_for(3min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_NE(setting(guest.vmid, "tags"), "");
  EXPECT_EQ(count_written("POST", "/lxc"), 1u);
}

TEST_F(Story, AContainerThatIsMovedHalfWayThroughItsCreationIsFinishedThere) {
  world.run_for(1min);
  world.create_machine("web");
  ASSERT_TRUE(wait_until([this] {
    return setting(VmId(20000), "description") != "" &&
           setting(VmId(20000), "description") != "no guest";
  }));
  const auto guest = *world.lab->find_guest(VmId(20000));
  ASSERT_FALSE(guest.running);
  const NodeName other(guest.node.get() == "pve1" ? "pve2" : "pve1");
  ASSERT_TRUE(world.lab->migrate_guest(guest.vmid, other).ok());
  world.run_for(3min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(world.lab->guest_count(), 1u);
  EXPECT_EQ(world.lab->find_guest(guest.vmid)->node, other);
}

class Clones : public Story {
 protected:
  Clones() : Story(golden()) { world.run_for(1min); }
  static WorldOptions golden() {
    WorldOptions options;
    options.golden = true;
    return options;
  }
  void create_clone() {
    world.create_machine("web", [](Json& spec) { spec.set("machineClassName", "golden"); });
  }
};

// Its task does not name the id that it makes, and its notes are edited before the tag is there.
TEST_F(Clones, OneWithoutAMarkAfterALostAnswerIsNotGivenUp) {
  world.lab->faults().next_request(lab::RequestFault::lose_answer, "POST", "/clone");
  create_clone();
  ASSERT_TRUE(wait_until([this] { return world.lab->guest_count() == 2; }));
  const auto vmid = world.vmid_of("web").value_or(VmId(0));
  ASSERT_TRUE(wait_until([&] { return setting(vmid, "lock").empty(); }));
  ASSERT_EQ(setting(vmid, "tags"), "");
  ASSERT_TRUE(world.lab->edit_config(vmid, "description", "hello").ok());
  world.wanted()["web"].unproven = true;
  world.run_for(15min);
  EXPECT_EQ(reason("web", "Ready"), "False CreateUnclear");
  EXPECT_EQ(world.vmid_of("web"), vmid);
  EXPECT_EQ(world.lab->guest_count(), 2u);
  world.delete_machine("web");
  world.run_for(10min);
  EXPECT_TRUE(world.machine("web").has_value()) << "its container is still there";
}

// Seed 129. Executed twice, a clone's second answer is 'already exists', and its task names the
// source: by no list is it ours.
TEST_F(Clones, OneThatAnswersAlreadyExistsIsOursAndNoSecondIsMade) {
  world.lab->faults().next_task(lab::TaskFault::slow, "vzclone");
  world.lab->faults().next_request(lab::RequestFault::duplicate, "POST", "/clone");
  create_clone();
  world.run_for(30s);
  EXPECT_EQ(reason("web", "Ready"), "False CreateUnclear");
  EXPECT_TRUE(wait_until([this] { return world.unmet().empty(); }));
  EXPECT_EQ(world.lab->guest_count(), 2u);  // it and the template
  EXPECT_THAT(world.leaks(), IsEmpty());
}

}  // namespace
}  // namespace gantry::sim
