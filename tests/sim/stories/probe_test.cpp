// Whether a golden template's clones keep what only root@pam may set is tried on one that nobody
// needs, once, and nothing of it stays.
#include "tests/sim/objects.h"
#include "tests/sim/stories/story.h"
#include "tests/sim/words.h"

namespace gantry::sim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Probe : public Story {
 protected:
  Probe() : Story(docker()) {}
  static WorldOptions docker() {
    WorldOptions options;
    options.golden = options.keyctl = true;
    return options;
  }
  std::string flags() {
    const auto shape = world.golden_class();
    const auto* found = shape.has_value() ? find_condition(*shape, "FlagsReady") : nullptr;
    if (found == nullptr) return "absent";
    return found->string_or("status", "") + " " + found->string_or("reason", "") + " " +
           found->string_or("code", "") + ": " + found->string_or("message", "");
  }
  bool is_answered() {
    return world.golden_class()->find_path({"status", "flagProbe"}) != nullptr &&
           !world.probe().has_value();
  }
  size_t clones() { return count_written("POST", "/clone"); }
  void expect_nothing_left() {
    EXPECT_EQ(world.lab->guest_count(), 1u);  // the template
    EXPECT_THAT(world.leaks(), IsEmpty());
    EXPECT_FALSE(world.probe().has_value());
  }
};

TEST_F(Probe, SaysThatClonesKeepThemAndLeavesNothing) {
  world.run_for(5min);
  EXPECT_THAT(flags(), AllOf(HasSubstr("True ClonesKeepThem :"),
                             HasSubstr("golden-debian (900) with keyctl on Proxmox VE 9.2")));
  EXPECT_EQ(clones(), 1u);
  EXPECT_EQ(count_written("POST", "/status/start"), 0u);
  expect_nothing_left();
}

TEST_F(Probe, IsMadeOnceWhateverRestarts) {
  world.run_for(5min);
  for (int i = 0; i < 3; ++i) {
    world.kill_daemon();
    world.start_daemon();
    world.run_for(10min);
  }
  EXPECT_EQ(clones(), 1u);
  world.run_for(25h);
  EXPECT_EQ(clones(), 1u);
  world.kill_daemon();
  world.start_daemon();
  world.run_for(5min);
  EXPECT_EQ(clones(), 2u) << "a start a day later asks again";
  expect_nothing_left();
}

TEST_F(Probe, SaysThatClonesLoseThemAndWhatToDo) {
  world.lab->faults().clone_flags = lab::CloneFlags::lost;
  world.run_for(5min);
  EXPECT_THAT(flags(), AllOf(HasSubstr("False ClonesLoseThem CON-005"),
                             HasSubstr("pct set ID --features nesting=1,keyctl=1")));
  expect_nothing_left();
}

TEST_F(Probe, SaysThatClonesAreRefused) {
  world.lab->faults().clone_flags = lab::CloneFlags::refused;
  world.run_for(10min);
  EXPECT_THAT(flags(), AllOf(HasSubstr("False ClonesRefused CON-005"),
                             HasSubstr("only allowed for root@pam")));
  EXPECT_EQ(clones(), 0u);
  expect_nothing_left();
}

TEST_F(Probe, InModeObserveNothingIsWritten) {
  world.edit_cluster([](Json& spec) { spec.set("mode", "Observe"); });
  world.run_for(20min);
  EXPECT_THAT(flags(), AllOf(HasSubstr("True NotTriedYet"), HasSubstr("ObserveMode")));
  EXPECT_FALSE(world.probe().has_value());
  EXPECT_THAT(written(), IsEmpty());
  world.edit_cluster([](Json& spec) { spec.set("mode", "Enforce"); });
  world.run_for(5min);
  EXPECT_THAT(flags(), HasSubstr("True ClonesKeepThem"));
  expect_nothing_left();
}

TEST_F(Probe, ComesAfterTheMachinesThatAreWanted) {
  world.create_machine("web", [](Json& spec) { spec.set("machineClassName", "golden"); });
  world.run_for(20s);
  EXPECT_FALSE(world.probe().has_value());
  ASSERT_TRUE(wait_until([this] { return is_answered(); }));
  EXPECT_THAT(world.unmet(), IsEmpty());
  EXPECT_EQ(clones(), 2u);
  EXPECT_EQ(world.vmid_of("web"), VmId(20000)) << "the first id was its";
  EXPECT_EQ(world.lab->guest_count(), 2u);
  EXPECT_THAT(world.leaks(), IsEmpty());
}

TEST_F(Probe, ALostAnswerToItsCloneMakesNoSecond) {
  world.lab->faults().next_request(lab::RequestFault::lose_answer, "POST", "/clone");
  world.run_for(15min);
  EXPECT_THAT(flags(), HasSubstr("True ClonesKeepThem"));
  EXPECT_EQ(clones(), 1u);
  expect_nothing_left();
}

// Killed right after the n-th thing that it writes to Proxmox: the clone, its settings, its end.
class ProbeKilled : public Probe,
                    public ::testing::WithParamInterface<std::pair<std::string, std::string>> {};

TEST_P(ProbeKilled, LeavesNothing) {
  world.kill_at_next_write(GetParam().first, GetParam().second);
  ASSERT_TRUE(wait_until([this] { return !world.daemon_runs(); }));
  world.run_for(1min);
  world.start_daemon();
  ASSERT_TRUE(wait_until([this] { return is_answered(); }));
  EXPECT_THAT(flags(), HasSubstr("True ClonesKeepThem"));
  EXPECT_EQ(clones(), 1u);
  expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(AtAnyWrite, ProbeKilled,
                         ::testing::Values(std::pair("POST", "/clone"), std::pair("PUT", "/config"),
                                           std::pair("DELETE", "/lxc/20000")));

// However often it is killed, wherever it is.
TEST_F(Probe, KilledEveryFewSecondsLeavesNothingInTheEnd) {
  for (int i = 0; i < 40 && !is_answered(); ++i) {
    world.run_for(31s + i * 700ms);
    world.kill_daemon();
    world.start_daemon();
  }
  ASSERT_TRUE(wait_until([this] { return is_answered(); }));
  EXPECT_EQ(clones(), 1u);
  expect_nothing_left();
}

TEST_F(Probe, AFailedCloneIsTriedAgain) {
  world.lab->faults().next_task(lab::TaskFault::fail, "vzclone", 2);
  ASSERT_TRUE(wait_until([this] { return is_answered(); }));
  EXPECT_THAT(flags(), HasSubstr("True ClonesKeepThem"));
  expect_nothing_left();
}

}  // namespace
}  // namespace gantry::sim
