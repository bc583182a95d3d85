// What would hurt a user most, told one by one: each with the exact moment of the fault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/log.h"
#include "pkg/pve/mark.h"
#include "tests/sim/world.h"

namespace gantry::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

class Story : public ::testing::Test {
 protected:
  Story() : world(options()) {
    log::configure(log::Level::off, log::Format::text);
    world.start_daemon();
  }
  ~Story() override { EXPECT_THAT(world.violations(), IsEmpty()); }
  static WorldOptions options() {
    WorldOptions options;
    options.seed = 42;
    return options;
  }

  VmId ready(const std::string& name) {
    world.create_machine(name);
    world.run_for(2min);
    EXPECT_THAT(world.unmet(), IsEmpty());
    return world.vmid_of(name).value_or(VmId(0));
  }
  std::string setting(VmId vmid, const std::string& key) {
    const auto guest = world.lab->find_guest(vmid);
    if (!guest.has_value()) return "no guest";
    const auto it = guest->config.find(key);
    return it == guest->config.end() ? "" : it->second;
  }
  std::string reason(const std::string& name, const std::string& type) {
    const auto object = world.machine(name);
    if (!object.has_value()) return "no object";
    for (const auto& condition : object->find_path({"status", "conditions"})->as_array()) {
      if (condition.string_or("type", "") != type) continue;
      return condition.string_or("status", "") + " " + condition.string_or("reason", "");
    }
    return "absent";
  }
  void by_root(std::function<Async<Status>(lab::Lab&)> deed) {
    world.perform([this, deed] { return deed(*world.lab); });
  }

  World world;
};

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

TEST_F(Story, AStrangerOnTheNextIdIsPassedBy) {
  world.put_stranger(VmId(20000));
  const auto vmid = ready("web");
  EXPECT_NE(vmid, VmId(20000));
}

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
