#include "controllers/machineclass/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/meta/condition.h"

namespace gantry::controllers::machineclass {
namespace {

using namespace std::chrono_literals;
using api::meta::ConditionStatus;
using api::v1alpha1::FlagProbe;
using api::v1alpha1::Machine;
using api::v1alpha1::MachineClass;
using api::v1alpha1::ProbeOutcome;
using Step = ProbePlan::Step;
using ::testing::HasSubstr;

const Time kNow = from_unix_seconds(1'800'000'000);
constexpr const char* kOf = "docker-13 (20007) with keyctl on Proxmox VE 9.2.11";

struct ProbeScene {
  MachineClass shape;
  ProbeFacts facts;
  ProbeScene() {
    shape.metadata.name = "docker";
    shape.metadata.uid = Uid("c-1");
    shape.spec.golden = api::v1alpha1::GoldenTemplate{"docker-13"};
    shape.spec.features.keyctl = true;
    facts.now = kNow;
    facts.started_at = kNow - 1h;
    facts.of = kOf;
  }
  ProbePlan plan() const { return plan_probe(shape, facts); }
  void answered(ProbeOutcome outcome, Duration ago, std::string of = kOf) {
    shape.status.flag_probe = FlagProbe{std::move(of), outcome, kNow - ago, ""};
  }
  Machine& running(Duration since = 1min) {
    facts.machine = make_probe(shape, kOf);
    facts.machine->metadata.creation_timestamp = kNow - since;
    return *facts.machine;
  }
  void says(ConditionStatus status, const std::string& code) {
    api::meta::Condition ready;
    ready.type = "Ready";
    ready.status = status;
    ready.code = code;
    ready.message = "what it says";
    facts.machine->status.conditions = {ready};
  }
};

TEST(Probe, IsAMachineThatNeverRunsAndIsItsClasssAlone) {
  ProbeScene scene;
  const auto machine = make_probe(scene.shape, kOf);
  EXPECT_EQ(machine.metadata.name, "docker-flag-probe");
  EXPECT_EQ(machine.spec.power_state, api::v1alpha1::PowerState::stopped);
  EXPECT_EQ(machine.spec.deletion_policy, api::v1alpha1::DeletionPolicy::remove);
  EXPECT_TRUE(is_probe(machine, scene.shape));
  auto another = machine;
  another.metadata.owner_references.front().uid = Uid("c-0");
  EXPECT_FALSE(is_probe(another, scene.shape));
  another.metadata.owner_references.clear();
  EXPECT_FALSE(is_probe(another, scene.shape));
}

TEST(Probe, BeginsOnceForEachTemplateAndVersion) {
  ProbeScene scene;
  EXPECT_EQ(scene.plan().step, Step::begin);
  scene.answered(ProbeOutcome::kept, 30min);
  EXPECT_EQ(scene.plan().step, Step::none);
  EXPECT_EQ(scene.plan().waits_for, "");
  scene.answered(ProbeOutcome::kept, 30min, "docker-13 (20007) with keyctl on Proxmox VE 9.1.1");
  EXPECT_EQ(scene.plan().step, Step::begin);
}

TEST(Probe, OfAnotherVersionWaitsWhileNodesTakeTurns) {
  ProbeScene scene;
  scene.answered(ProbeOutcome::kept, 5min, "docker-13 (20007) with keyctl on Proxmox VE 9.1.1");
  EXPECT_EQ(scene.plan().step, Step::none);
}

TEST(Probe, IsRepeatedByAProcessThatBeganADayLater) {
  ProbeScene scene;
  scene.answered(ProbeOutcome::lost, 26h);
  EXPECT_EQ(scene.plan().step, Step::begin);
  scene.facts.started_at = kNow - 3h;
  EXPECT_EQ(scene.plan().step, Step::none) << "a restart within a day asks nothing again";
  scene.answered(ProbeOutcome::unclear, 25h);
  EXPECT_EQ(scene.plan().step, Step::begin) << "nothing is known yet";
  scene.answered(ProbeOutcome::unclear, 23h);
  EXPECT_EQ(scene.plan().step, Step::none);
}

TEST(Probe, DoesNotBeginWithoutKnowingWhatOrWhileSomethingHindersIt) {
  ProbeScene scene;
  scene.facts.of.clear();
  EXPECT_EQ(scene.plan().step, Step::none);
  scene = ProbeScene();
  scene.facts.hindrance = "no clone is tried: ObserveMode";
  EXPECT_EQ(scene.plan().step, Step::none);
  EXPECT_EQ(scene.plan().waits_for, "no clone is tried: ObserveMode");
  scene = ProbeScene();
  scene.shape.spec.features.keyctl = false;
  EXPECT_EQ(scene.plan().step, Step::none);
  scene = ProbeScene();
  scene.shape.metadata.deletion_timestamp = kNow;
  EXPECT_EQ(scene.plan().step, Step::none);
}

TEST(Probe, ReadsTheAnswerFromWhatItsMachineSays) {
  ProbeScene scene;
  scene.running();
  EXPECT_EQ(scene.plan().step, Step::none) << "nothing is seen yet";
  scene.says(ConditionStatus::no, "");
  EXPECT_EQ(scene.plan().step, Step::none);
  scene.says(ConditionStatus::yes, "");
  EXPECT_EQ(scene.plan().step, Step::end);
  EXPECT_EQ(scene.plan().answer->outcome, ProbeOutcome::kept);
  EXPECT_EQ(scene.plan().answer->of, kOf);
  EXPECT_EQ(scene.plan().answer->at, kNow);
  scene.facts.machine->status.drift = {{"features", "nesting=1,keyctl=1", "nesting=1"}};
  EXPECT_EQ(scene.plan().answer->outcome, ProbeOutcome::lost);
  scene.says(ConditionStatus::no, "CON-005");
  EXPECT_EQ(scene.plan().answer->outcome, ProbeOutcome::refused);
  EXPECT_EQ(scene.plan().answer->message, "what it says");
}

TEST(Probe, ThatComesToNothingIsGivenUp) {
  ProbeScene scene;
  scene.running(16min);
  scene.says(ConditionStatus::no, "STO-001");
  const auto plan = scene.plan();
  EXPECT_EQ(plan.step, Step::end);
  EXPECT_EQ(plan.answer->outcome, ProbeOutcome::unclear);
  EXPECT_EQ(plan.answer->message, "what it says");
}

TEST(Probe, EndsWithoutAnAnswerWhenNobodyWantsOne) {
  for (const int why : {0, 1, 2}) {
    ProbeScene scene;
    scene.running();
    scene.says(ConditionStatus::yes, "");
    if (why == 0) scene.shape.metadata.deletion_timestamp = kNow;
    if (why == 1) scene.shape.spec.golden.reset();
    if (why == 2) scene.facts.of = "docker-14 (20009) with keyctl on Proxmox VE 9.2.11";
    EXPECT_EQ(scene.plan().step, Step::end);
    EXPECT_FALSE(scene.plan().answer.has_value());
  }
}

TEST(Probe, GoesOnWhereTheClusterCannotBeSeenMeanwhile) {
  ProbeScene scene;
  scene.running();
  scene.facts.of.clear();
  EXPECT_EQ(scene.plan().step, Step::none);
}

// Killed between writing the answer and ending it: the answer stays as it was written.
TEST(Probe, WithAnAnswerIsOnlyEnded) {
  ProbeScene scene;
  scene.running(5min);
  scene.says(ConditionStatus::yes, "");
  scene.answered(ProbeOutcome::lost, 1min);
  EXPECT_EQ(scene.plan().step, Step::end);
  EXPECT_FALSE(scene.plan().answer.has_value());
  scene.facts.machine->metadata.deletion_timestamp = kNow;
  EXPECT_EQ(scene.plan().step, Step::none);
}

}  // namespace
}  // namespace gantry::controllers::machineclass
