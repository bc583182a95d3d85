#include "controllers/machine/desired.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "pkg/base/testing.h"
#include "pkg/pve/mark.h"

namespace gantry::controllers::machine {
namespace {

// A container that runs as generation 3 of its class wants it; the class is at 4, with more cores.
struct UpkeepScene {
  Machine machine;
  MachineClass shape;
  Observation world;

  UpkeepScene() {
    machine.metadata.name = "web";
    machine.metadata.uid = Uid("6f0c0000-0000-4000-8000-000000000001");
    machine.status.class_generation = 3;
    machine.status.steps = {{steps::kReady, api::v1alpha1::StepState::done, {}, {}, "", 0, ""}};
    shape.metadata.name = "small";
    shape.metadata.generation = 4;
    world.now = from_unix_seconds(1'800'000'000);
    world.installation = "inst-1";
    world.snapshot = std::make_shared<inventory::Snapshot>();
    world.row =
        store::GuestRow{ClusterName("home"), VmId(20001), machine.metadata.uid, "default/web", 1,
                        std::nullopt,        std::nullopt};
    auto& guest = world.guest;
    guest.occupant = Occupant::ours;
    guest.config.values = owned_settings(machine, shape);
    guest.config.values["rootfs"] = "local:20001/vm-20001-disk-0.raw,size=8G";
    guest.config.values["description"] =
        pve::to_description_line({world.installation, machine.metadata.uid, 1});
    guest.config.values["tags"] = pve::to_tag(machine.metadata.uid);
    guest.status = pve::GuestStatus{};
    guest.status->running = true;
    shape.spec.resources.cores = 2;
  }
  Plan planned() const { return plan_upkeep({machine, &shape, world}); }
};

// MC-010.
TEST(PlanUpkeep, AChangedClassIsToldFromWhatAPersonHasChanged) {
  UpkeepScene scene;
  EXPECT_EQ(scene.planned().code, "MC-010");
  EXPECT_EQ(scene.planned().reason, "ClassChanged");
  EXPECT_EQ(scene.planned().message,
            "MachineClass small is at generation 4, the container at 3: setting cores");
  EXPECT_EQ(scene.planned().class_generation, 4);
  scene.machine.status.class_generation = 4;
  EXPECT_EQ(scene.planned().reason, "RevertingDrift");
  EXPECT_EQ(scene.planned().code, "");
  // As of when it is was not known to whoever wrote the status.
  scene.machine.status.class_generation = 0;
  EXPECT_EQ(scene.planned().reason, "RevertingDrift");
}

TEST(PlanUpkeep, AChangeOfTheClassThatChangesNothingIsNone) {
  UpkeepScene scene;
  scene.shape.spec.resources.cores = 1;
  EXPECT_EQ(scene.planned().situation, Situation::ready);
  EXPECT_EQ(scene.planned().code, "");
}

// Its container has the address that it is to have, and so has somebody else's.
struct Conflict : UpkeepScene {
  Conflict() {
    api::v1alpha1::Network network;
    network.bridge = "vmbr0";
    network.ip = "10.0.0.5/24";
    shape.spec.networks = {network};
    shape.spec.resources.cores = 1;
    world.guest.config.values["net0"] = network_text(network, 0);
    world.guest.interfaces = {{"eth0", "aa:bb:cc:dd:ee:ff", {"10.0.0.5"}}};
    world.address_conflict = "address 10.0.0.5 on vmbr0 is held by App home/web";
  }
};

TEST(PlanUpkeep, WithAnAddressThatAnotherHasItIsNotStarted) {
  Conflict scene;
  scene.world.guest.status->running = false;
  auto plan = scene.planned();
  EXPECT_TRUE(is_nothing(plan.action));
  EXPECT_EQ(plan.situation, Situation::held);
  EXPECT_EQ(plan.reason, "AddressConflict");
  EXPECT_EQ(plan.code, "DNS-008");
  scene.world.address_conflict.clear();
  EXPECT_EQ(describe(scene.planned().action), "start it");
}

TEST(PlanCreation, WithAnAddressThatAnotherHasNothingIsMade) {
  Conflict scene;
  scene.machine.status.steps.clear();
  scene.world.guest = Guest();
  scene.world.guest.occupant = Occupant::absent;
  scene.world.vmid_free = true;
  EXPECT_EQ(plan_creation({scene.machine, &scene.shape, scene.world}).reason, "AddressConflict");
  scene.world.address_conflict.clear();
  EXPECT_EQ(plan_creation({scene.machine, &scene.shape, scene.world}).reason, "Creating");
}

TEST(PlanUpkeep, OneThatRunsWithAnAddressThatAnotherHasIsNotStoppedAndNotWell) {
  Conflict scene;
  EXPECT_TRUE(is_nothing(scene.planned().action));
  EXPECT_EQ(scene.planned().reason, "AddressConflict");
  scene.world.address_conflict.clear();
  EXPECT_EQ(scene.planned().situation, Situation::ready);
}

TEST(PlanUpkeep, AnAddressThatAnotherHasIsNotTaken) {
  Conflict scene;
  auto old = scene.shape.spec.networks.front();
  old.ip = "dhcp";
  scene.world.guest.config.values["net0"] = network_text(old, 0);
  auto plan = scene.planned();
  EXPECT_TRUE(is_nothing(plan.action)) << plan.message;
  EXPECT_EQ(plan.situation, Situation::ready) << "it is well with the one that it has";
  ASSERT_EQ(plan.drifts.all.size(), 1u);
  EXPECT_EQ(plan.drifts.all[0].code, "DNS-008");
  EXPECT_TRUE(plan.drifts.has(Repair::held));
  // What else differs of it is put right.
  old.ip = "10.0.0.5/24";
  old.firewall = false;
  scene.world.guest.config.values["net0"] = network_text(old, 0);
  EXPECT_EQ(describe(scene.planned().action), "change its configuration");
}

// DNS-007.
TEST(PlanUpkeep, OneThatNoDhcpServerAnswersSaysWhereItHasAsked) {
  Conflict scene;
  scene.world.address_conflict.clear();
  scene.shape.spec.networks.front().ip = "dhcp";
  scene.world.guest.config.values["net0"] = network_text(scene.shape.spec.networks.front(), 0);
  scene.world.guest.interfaces = {{"eth0", "aa:bb:cc:dd:ee:ff", {"fe80::1"}}};
  scene.machine.status.steps = {{steps::kStart,
                                 api::v1alpha1::StepState::done,
                                 scene.world.now - std::chrono::minutes(5),
                                 {},
                                 "",
                                 1,
                                 ""}};
  const auto plan = scene.planned();
  EXPECT_EQ(plan.reason, "NoAddress");
  EXPECT_EQ(plan.code, "DNS-007");
  EXPECT_EQ(plan.message, "only fe80::1 after 5m: no DHCP server has answered on vmbr0");
  EXPECT_EQ(plan.situation, Situation::stalled);
  scene.world.guest.interfaces.front().addresses.clear();
  EXPECT_EQ(scene.planned().code, "CT-015") << "its system may not have come up";
}

// To be stopped, after what the ledger says of an earlier call.
struct PowerOff : UpkeepScene {
  api::v1alpha1::MachineStep& call(Duration ago) {
    return begin_step(machine.status, steps::kStop, world.now - ago);
  }
  // Its task ran to its end, and the container still.
  void ignored(Duration ago) {
    call(ago).upid = "UPID:pve1:1:1:1:vzshutdown:20001:gantry@pve:";
    fail_step(machine.status, steps::kStop, world.now - ago, "container did not stop");
  }
  std::string action() const { return describe(plan_power_off({machine, &shape, world}).action); }
};

TEST(PlanUpkeep, WhatIgnoresAShutdownIsStopped) {
  PowerOff scene;
  EXPECT_EQ(scene.action(), "shut it down");
  scene.ignored(std::chrono::seconds(5));
  EXPECT_EQ(scene.action(), "stop it");
}

TEST(PlanUpkeep, WhatWasNeverAskedToShutDownIsNotStopped) {
  PowerOff refused;
  refused.call(std::chrono::seconds(5));
  reset_step(refused.machine.status, steps::kStop, false);
  EXPECT_EQ(refused.action(), "shut it down");
  PowerOff unsent;
  unsent.call(std::chrono::seconds(5));
  fail_step(unsent.machine.status, steps::kStop, unsent.world.now, "connection refused");
  EXPECT_EQ(unsent.action(), "shut it down");
  PowerOff lost;
  lost.call(std::chrono::seconds(5));
  EXPECT_EQ(lost.action(), "shut it down");
}

TEST(PlanUpkeep, AnOlderShutdownWasOfAnotherWish) {
  PowerOff weeks_ago;
  weeks_ago.ignored(std::chrono::hours(500));
  EXPECT_EQ(weeks_ago.action(), "shut it down");
  PowerOff then_deleted;
  then_deleted.ignored(std::chrono::minutes(2));
  then_deleted.machine.metadata.deletion_timestamp =
      then_deleted.world.now - std::chrono::minutes(1);
  EXPECT_EQ(then_deleted.action(), "shut it down");
}

}  // namespace
}  // namespace gantry::controllers::machine
