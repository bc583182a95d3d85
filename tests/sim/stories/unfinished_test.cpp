// A create whose worker was killed leaves `lock: create`, no mark, no pool and an orphan disk; our
// token cannot see it. Observed on a real 9.2.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class Unfinished : public Story {
 protected:
  Unfinished() = default;
  explicit Unfinished(WorldOptions options) : Story(std::move(options)) {}

  // "web" is being created; nothing that our token may see says so but the task.
  VmId in_the_middle_of_a_create() {
    world.run_for(1min);
    world.create_machine("web");
    EXPECT_TRUE(wait_until([this] { return world.lab->guest_count() == 1; }));
    world.run_for(1s);
    return world.lab->guests().front().vmid;
  }
  void kill_the_create() {
    const auto upid = world.machine("web")->find_path({"status", "upid"})->as_string();
    EXPECT_TRUE(world.lab->kill_task(Upid(upid)));
  }
  VmId leave_a_husk() {
    const auto vmid = in_the_middle_of_a_create();
    kill_the_create();
    EXPECT_EQ(world.lab->find_guest(vmid)->config.size(), 1u);
    return vmid;
  }
};

class UnfinishedWithChannel : public Unfinished {
 protected:
  UnfinishedWithChannel() : Unfinished(with_channel()) {}
  static WorldOptions with_channel() {
    WorldOptions options;
    options.cluster = [](auto& spec) {
      spec.command_channel.emplace();
      spec.command_channel->ssh.secret_ref = {"pve-home", "gantry-system"};
    };
    return options;
  }
};

TEST_F(Unfinished, WhileACreateRunsItsInvisibilityIsNoReasonForASecond) {
  world.lab->faults().next_task(lab::TaskFault::slow, "vzcreate");
  world.lab->faults().slow_max = 5min;
  in_the_middle_of_a_create();
  world.kill_daemon();
  world.start_daemon();
  world.run_for(10min);
  EXPECT_EQ(count_written("POST", "/lxc"), 1u);
  EXPECT_THAT(world.unmet(), IsEmpty());
}

TEST_F(Unfinished, WithoutAChannelItIsHeldWithTheCommandToType) {
  const auto vmid = leave_a_husk();
  const auto writes = world.writes();
  world.run_for(30min);
  EXPECT_EQ(world.writes(), writes);
  EXPECT_EQ(reason("web", "Held"), "True StaleLock");
  EXPECT_THAT(message("web", "Held"),
              HasSubstr("pct unlock 20000 && pct destroy 20000 --destroy-unreferenced-disks 1"));
  // The person does that.
  (void)world.lab->set_lock(vmid, "");
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  world.run_for(3min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_THAT(world.leaks(), IsEmpty());
}

TEST_F(UnfinishedWithChannel, ItIsRemovedWithItsDiskAndCreatedAgain) {
  leave_a_husk();
  EXPECT_EQ(world.lab->volumes().size(), 1u);
  world.run_for(3min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_THAT(world.leaks(), IsEmpty());
  EXPECT_EQ(world.lab->guest_count(), 1u);
  EXPECT_EQ(world.lab->volumes().size(), 1u);
  EXPECT_EQ(count_written("destroy", "/lxc/20000"), 1u);
}

TEST_F(UnfinishedWithChannel, ItIsRemovedWhenItsMachineIsDeleted) {
  leave_a_husk();
  world.delete_machine("web");
  world.run_for(3min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_THAT(world.leaks(), IsEmpty());
  EXPECT_EQ(world.lab->guest_count(), 0u);
}

TEST_F(UnfinishedWithChannel, AnIdThatSomebodyElseUsesSinceIsLeftToHim) {
  // A person has cleaned up, and creates a container of his own there, while nobody looked.
  world.lab->faults().next_task(lab::TaskFault::slow, "vzcreate", 2);
  const auto vmid = in_the_middle_of_a_create();
  kill_the_create();
  world.kill_daemon();
  (void)world.lab->set_lock(vmid, "");
  by_root([vmid](lab::Lab& lab) { return lab.destroy_guest(vmid); });
  const std::shared_ptr<pve::Client> root = world.root();
  world.perform([root, vmid]() -> Async<Status> {
    pve::Parameters parameters{
        {"ostemplate", "local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst"},
        {"rootfs", "local:1"},
        {"unprivileged", "1"}};
    const auto task = co_await root->create_guest(NodeName("pve1"), vmid, std::move(parameters));
    co_return task.status();
  });
  ASSERT_EQ(world.lab->find_guest(vmid)->config.size(), 1u);
  world.start_daemon();
  world.run_for(1h);
  ASSERT_TRUE(world.lab->find_guest(vmid).has_value());
  EXPECT_EQ(setting(vmid, "hostname"), "CT20000");
  EXPECT_THAT(written(), Not(Contains(HasSubstr("destroy"))));
  EXPECT_EQ(reason("web", "Held"), "True VMIDTaken");
}

TEST_F(UnfinishedWithChannel, InObserveModeNothingIsRemoved) {
  leave_a_husk();
  world.edit_cluster([](Json& spec) { spec.set("mode", "Observe"); });
  world.run_for(10min);
  EXPECT_EQ(world.lab->guest_count(), 1u);
  EXPECT_EQ(reason("web", "Held"), "True ObserveMode");
}

}  // namespace
}  // namespace gantry::sim
