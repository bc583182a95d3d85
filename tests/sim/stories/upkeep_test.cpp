// A container is kept as it shall be, and people come first.
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

TEST_F(Story, AMachineBecomesAContainerAndGoesAwayWithoutTrace) {
  const auto vmid = ready("web");
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
  EXPECT_EQ(setting(vmid, "unprivileged"), "1");
  EXPECT_EQ(reason("web", "Ready"), "True Running");
  world.delete_machine("web");
  world.run_for(2min);
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_THAT(world.leaks(), IsEmpty());
  EXPECT_EQ(world.lab->guest_count(), 0u);
}

TEST_F(Story, AContainerThatDiesIsStartedAtOnce) {
  const auto vmid = ready("web");
  by_root([vmid](lab::Lab& lab) { return lab.stop_guest(vmid); });
  world.run_for(1min);
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
}

TEST_F(Story, AContainerThatAPersonStoppedIsLeftAloneForAWhile) {
  const auto vmid = ready("web");
  const std::shared_ptr<pve::Client> root = world.root();
  const auto node = world.lab->find_guest(vmid)->node;
  world.perform([root, node, vmid]() -> Async<Status> {
    const auto task = co_await root->stop_guest(node, vmid);
    co_return task.status();
  });
  world.run_for(5min);
  EXPECT_FALSE(world.lab->find_guest(vmid)->running);
  EXPECT_EQ(reason("web", "Held"), "True StoppedExternally");
  EXPECT_THAT(message("web", "Held"), ::testing::HasSubstr("stopped by root@pam"));
  EXPECT_TRUE(std::ranges::any_of(world.objects("events"), [](const Json& event) {
    return event.string_or("reason", "") == "StoppedExternally";
  }));
  world.run_for(10min);
  EXPECT_TRUE(world.lab->find_guest(vmid)->running);
}

TEST_F(Story, SettingsThatSomebodyChangedAreRevertedAndOthersLeft) {
  const auto vmid = ready("web");
  (void)world.lab->edit_config(vmid, "memory", "777");
  (void)world.lab->edit_config(vmid, "startup", "order=3");
  world.run_for(2min);
  EXPECT_EQ(setting(vmid, "memory"), "512");
  EXPECT_EQ(setting(vmid, "startup"), "order=3");
  EXPECT_EQ(reason("web", "Drifted"), "absent");
}

TEST_F(Story, AContainerThatMovesIsFollowed) {
  const auto vmid = ready("web");
  const auto node = world.lab->find_guest(vmid)->node.get();
  const auto other = node == "pve1" ? "pve2" : "pve1";
  ASSERT_TRUE(world.lab->migrate_guest(vmid, NodeName(other)).ok());
  world.run_for(3min);
  EXPECT_EQ(*world.machine("web")->find_path({"status", "node"}), Json(other));
  by_root([vmid](lab::Lab& lab) { return lab.stop_guest(vmid); });
  world.run_for(1min);
  EXPECT_THAT(world.unmet(), IsEmpty());
}

}  // namespace
}  // namespace gantry::sim
