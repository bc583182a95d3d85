#include "controllers/machine/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/machine/ledger.h"
#include "controllers/machine/testing.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using api::meta::ConditionStatus;
using api::v1alpha1::Machine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A Machine that was seen running at kNow, and is looked at again later.
struct StatusScene {
  Machine machine;
  Observation world;
  Plan plan;

  StatusScene() {
    world.snapshot = std::make_shared<inventory::Snapshot>();
    world.row = store::GuestRow{ClusterName("home"), VmId(20001), Uid("u"), "default/web", 1,
                                std::nullopt,        std::nullopt};
    world.guest.occupant = Occupant::ours;
    world.guest.node = NodeName("pve1");
    world.guest.status = pve::GuestStatus{};
    world.guest.status->running = true;
    world.guest.status->memory_total = 1000;
    world.guest.config.values["net0"] = "name=eth0,bridge=vmbr0";
    world.guest.interfaces = {{"eth0", "aa:bb:cc:dd:ee:ff", {"10.0.0.7"}}};
    world.sighting.presence = inventory::Presence::present;
    world.sighting.guest = pve::GuestRow{};
    world.sighting.guest->node = NodeName("pve1");
    world.sighting.guest->status = "running";
    plan.situation = Situation::ready;
    plan.step = steps::kReady;
    plan.reason = "Running";
    look(0s);
  }
  void look(Duration later) {
    world.now = kNow + later;
    show(machine, plan, world);
  }
  void lose_sight(Duration last_cycle) {
    world.guest = Guest{};
    world.sighting.presence = inventory::Presence::unknown;
    world.sighting.seen_at = kNow + last_cycle;
    plan = Plan();
    plan.situation = Situation::unknown;
    plan.reason = "Unknown";
    plan.step = steps::kCreate;
    plan.message = "Proxmox does not answer";
  }
  const api::meta::Condition& said(std::string_view type) const {
    const auto* condition = api::meta::find_condition(machine.status.conditions, type);
    static const api::meta::Condition kAbsent;
    return condition == nullptr ? kAbsent : *condition;
  }
};

TEST(Show, UnknownKeepsWhatWasSeenLastAndSaysWhen) {
  StatusScene scene;
  scene.lose_sight(25s);
  scene.look(60s);
  const auto& status = scene.machine.status;
  EXPECT_EQ(status.power, "running");
  EXPECT_EQ(status.node, "pve1");
  EXPECT_EQ(status.step, steps::kReady);
  EXPECT_THAT(status.addresses, ElementsAre("10.0.0.7"));
  EXPECT_EQ(status.last_observed_at, kNow + 25s);
  for (const char* type : {"Ready", "Observed"}) {
    EXPECT_EQ(scene.said(type).status, ConditionStatus::unknown) << type;
    EXPECT_EQ(scene.said(type).last_transition_time, kNow + 60s) << type;
    EXPECT_EQ(scene.said(type).message,
              "Proxmox does not answer; last seen running on pve1 at " + to_rfc3339(kNow + 25s))
        << type;
  }
}

TEST(Show, ALaterCycleThatSawSomethingElseIsNoLastSight) {
  StatusScene scene;
  scene.lose_sight(25s);
  scene.world.sighting.guest->status = "stopped";
  scene.look(60s);
  EXPECT_EQ(scene.machine.status.power, "running");
  EXPECT_EQ(scene.machine.status.last_observed_at, kNow);
}

TEST(Show, ProvenAbsenceIsSaid) {
  StatusScene scene;
  scene.world.guest = Guest{};
  scene.world.guest.occupant = Occupant::absent;
  scene.look(60s);
  EXPECT_EQ(scene.machine.status.power, "absent");
  EXPECT_TRUE(scene.machine.status.addresses.empty());
  EXPECT_FALSE(scene.machine.status.usage.has_value());
}

TEST(Show, WhatIsBeingMadeHasNoPowerYet) {
  StatusScene scene;
  scene.machine.status = {};
  scene.lose_sight(0s);
  scene.look(1s);
  EXPECT_EQ(scene.machine.status.power, "");
  EXPECT_EQ(scene.said("Observed").message, "Proxmox does not answer");
}

Plan configuring() {
  Plan plan;
  plan.situation = Situation::progressing;
  plan.step = steps::kConfigure;
  plan.action = Configure{};
  plan.drifts.all.push_back({.key = "memory", .want = "512", .have = "777"});
  return plan;
}

std::vector<std::string> told(const Machine& before, const Machine& after) {
  std::vector<std::string> told;
  for (const auto& happening : happenings(before, after)) {
    told.push_back(happening.reason + ": " + happening.message);
  }
  return told;
}

TEST(Show, WhatIsLeftIsNotCalledGone) {
  StatusScene scene;
  const auto before = scene.machine;
  finish_step(scene.machine.status, steps::kLeave, kNow, "container 100 is left as it is");
  EXPECT_THAT(told(before, scene.machine), ElementsAre("Retained: container 100 is left as it is"));
}

TEST(Show, AFailedStepIsToldWithItsCode) {
  const auto code_of = [](const char* step, const std::string& text) {
    StatusScene scene;
    const auto before = scene.machine;
    begin_step(scene.machine.status, step, kNow);
    fail_step(scene.machine.status, step, kNow, text);
    const auto all = happenings(before, scene.machine);
    return all.size() == 1 ? all.front().code : "not one event";
  };
  EXPECT_EQ(code_of(steps::kCreate, "it was told to fail"), "CT-002");
  EXPECT_EQ(code_of(steps::kStart, "exit code 1"), "CT-005");
  EXPECT_EQ(code_of(steps::kConfigure, "unable to parse"), "CT-003");
}

TEST(Show, SettingsOfAContainerThatWasNeverReadyAreNoDrift) {
  StatusScene scene;
  reset_step(scene.machine.status, steps::kReady, true);
  scene.plan = configuring();
  scene.look(1s);
  EXPECT_EQ(scene.said("Drifted").type, "");
  EXPECT_TRUE(scene.machine.status.drift.empty());
}

TEST(Show, RevertedDriftSaysWhatWasFoundAndWhatIsWanted) {
  StatusScene scene;
  const auto before = scene.machine;
  begin_step(scene.machine.status, steps::kConfigure, kNow + 30s);
  finish_step(scene.machine.status, steps::kConfigure, kNow + 30s, "setting memory");
  scene.plan = configuring();
  scene.look(30s);
  EXPECT_EQ(scene.said("Drifted").reason, "Drifted");
  EXPECT_THAT(told(before, scene.machine),
              ElementsAre("DriftReverted: memory: '777' → '512'",
                          "Drifted: memory is '777', wanted '512': being put back"));
}

// MC-010.
TEST(Show, AChangedClassIsNoDriftThatSomebodyMade) {
  StatusScene scene;
  scene.plan.class_generation = 3;
  scene.look(0s);
  EXPECT_EQ(scene.machine.status.class_generation, 3);
  const auto before = scene.machine;
  begin_step(scene.machine.status, steps::kConfigure, kNow + 30s);
  finish_step(scene.machine.status, steps::kConfigure, kNow + 30s, "setting memory");
  const auto well = scene.plan;
  scene.plan = configuring();
  scene.plan.class_generation = 4;
  scene.plan.class_change = "MachineClass small is at generation 4, the container at 3";
  scene.look(30s);
  EXPECT_EQ(scene.said("Drifted").code, "MC-010");
  EXPECT_EQ(scene.machine.status.class_generation, 3);
  EXPECT_THAT(told(before, scene.machine),
              ElementsAre("Configured: memory: '777' → '512'",
                          "ClassChanged: MachineClass small is at generation 4, the container at "
                          "3: memory is '777', wanted '512': being changed"));
  // What waits for a start keeps it behind.
  scene.plan.situation = Situation::ready;
  scene.plan.action = Nothing{};
  scene.plan.drifts.all[0].repair = Repair::restart;
  scene.look(60s);
  EXPECT_EQ(scene.said("Drifted").reason, "RestartNeeded");
  EXPECT_EQ(scene.said("Drifted").code, "MC-010");
  EXPECT_EQ(scene.machine.status.class_generation, 3);
  scene.plan = well;
  scene.plan.class_generation = 4;
  scene.look(90s);
  EXPECT_EQ(scene.machine.status.class_generation, 4);
  EXPECT_EQ(scene.said("Drifted").type, "");
}

TEST(Show, TheInsideOfAnAppsMachineIsTheAppsBusiness) {
  StatusScene bare;
  EXPECT_THAT(find_step(bare.machine.status, steps::kBootstrap)->message, HasSubstr("bare"));
  StatusScene owned;
  owned.machine.status = {};
  api::meta::OwnerReference owner;
  owner.kind = "App";
  owner.name = "hello";
  owner.controller = true;
  owned.machine.metadata.owner_references = {owner};
  owned.look(1s);
  EXPECT_THAT(find_step(owned.machine.status, steps::kBootstrap)->message, HasSubstr("App hello"));
}

TEST(Show, NumbersAreRefreshedAsOftenAsTheyMove) {
  StatusScene scene;
  const auto seen = [&scene] { return *scene.machine.status.last_observed_at; };
  scene.look(30s);
  EXPECT_EQ(seen(), kNow);
  scene.world.guest.status->memory_used = 500;
  scene.look(40s);
  EXPECT_EQ(seen(), kNow + 40s);
  scene.world.guest.status->memory_used = 505;
  scene.look(60s);
  EXPECT_EQ(seen(), kNow + 40s);
  scene.look(100s);
  EXPECT_EQ(seen(), kNow + 100s);
  EXPECT_EQ(scene.machine.status.usage->memory_used, 505);
}

}  // namespace
}  // namespace gantry::controllers::machine
