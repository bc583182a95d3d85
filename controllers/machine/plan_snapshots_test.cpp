#include "controllers/machine/desired.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "controllers/machine/snapshots.h"
#include "controllers/machine/status.h"
#include "pkg/base/testing.h"
#include "pkg/pve/mark.h"
#include "pkg/store/finalizer.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::SnapshotState;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A container that is well, and a snapshot that it is to have.
struct SnapshotScene {
  Machine machine;
  MachineClass shape;
  Observation world;

  SnapshotScene() {
    machine.metadata.name = "web";
    machine.metadata.uid = Uid("6f0c0000-0000-4000-8000-000000000001");
    machine.metadata.finalizers = {kFinalizer};
    machine.status.steps = {{steps::kReady, StepState::done, {}, {}, "", 0, ""},
                            {steps::kCreate, StepState::done, {}, {}, "", 1, ""}};
    machine.spec.snapshots = {{"gantry-r1"}};
    shape.metadata.name = "small";
    world.now = from_unix_seconds(1'800'000'000);
    world.installation = "inst-1";
    world.snapshot = std::make_shared<inventory::Snapshot>();
    world.row =
        store::GuestRow{ClusterName("home"), VmId(20001), machine.metadata.uid, "default/web", 1,
                        std::nullopt,        std::nullopt};
    auto& guest = world.guest;
    guest.occupant = Occupant::ours;
    guest.node = NodeName("pve1");
    guest.config.values = owned_settings(machine, shape);
    guest.config.values["rootfs"] = "local:20001/vm-20001-disk-0.raw,size=8G";
    guest.config.values["description"] = mark();
    guest.config.values["tags"] = pve::to_tag(machine.metadata.uid);
    guest.status = pve::GuestStatus{};
    guest.status->running = true;
    world.snapshots.emplace();
    world.can_snapshot = true;
  }
  std::string mark() const {
    return pve::to_description_line({world.installation, machine.metadata.uid, 1});
  }
  void add(const std::string& name, const std::string& description, const std::string& state = "") {
    world.snapshots->push_back({name, description, world.now - 1h, state});
  }
  Plan planned() const { return plan(machine, &shape, world); }
  // "" when it does nothing.
  std::string step() const {
    const auto next = planned();
    if (const auto* take = std::get_if<TakeSnapshot>(&next.action)) return "take " + take->name;
    if (const auto* gone = std::get_if<RemoveSnapshot>(&next.action)) return "remove " + gone->name;
    return is_nothing(next.action) ? "" : describe(next.action);
  }
  const api::v1alpha1::SnapshotStatus& shown() {
    show(machine, planned(), world);
    EXPECT_THAT(machine.status.snapshots, SizeIs(1));
    return machine.status.snapshots.at(0);
  }
};

TEST(PlanSnapshots, TakesWhatIsMissingAndStaysReady) {
  SnapshotScene scene;
  EXPECT_EQ(scene.step(), "take gantry-r1");
  EXPECT_EQ(scene.planned().situation, Situation::ready);
  EXPECT_TRUE(scene.planned().unsettled);
  scene.add("gantry-r1", scene.mark());
  EXPECT_EQ(scene.step(), "");
  EXPECT_FALSE(scene.planned().unsettled);
  EXPECT_EQ(scene.shown().state, SnapshotState::taken);
  EXPECT_EQ(scene.shown().created_at, scene.world.now - 1h);
}

TEST(PlanSnapshots, RemovesOursThatAreNotWantedAndNobodyElses) {
  SnapshotScene scene;
  scene.add("gantry-r1", scene.mark());
  scene.add("gantry-r0", "by a person");
  scene.add("before", scene.mark());
  scene.add("gantry-copy", pve::to_description_line({"inst-1", Uid("other"), 1}));
  EXPECT_EQ(scene.step(), "");
  scene.add("gantry-old", scene.mark());
  EXPECT_EQ(scene.step(), "remove gantry-old");
}

TEST(PlanSnapshots, WhatIsHalfMadeIsMadeAnew) {
  SnapshotScene scene;
  scene.add("gantry-r1", scene.mark(), "prepare");
  EXPECT_EQ(scene.shown().state, SnapshotState::pending);
  EXPECT_EQ(scene.step(), "remove gantry-r1");
}

TEST(PlanSnapshots, ANameIsNeverTakenTwice) {
  for (const auto state : {SnapshotState::taken, SnapshotState::impossible, SnapshotState::gone}) {
    SnapshotScene scene;
    scene.machine.status.snapshots = {{"gantry-r1", state, {}, ""}};
    EXPECT_EQ(scene.step(), "");
    EXPECT_NE(scene.shown().state, SnapshotState::pending);
  }
}

TEST(PlanSnapshots, AStorageThatCannotIsAnAnswer) {
  SnapshotScene scene;
  scene.world.can_snapshot = false;
  EXPECT_EQ(scene.step(), "");
  EXPECT_EQ(scene.shown().state, SnapshotState::impossible);
  EXPECT_EQ(scene.shown().message, "storage local cannot");
  SnapshotScene unknown;
  unknown.world.can_snapshot.reset();
  EXPECT_EQ(unknown.step(), "");
  EXPECT_EQ(unknown.shown().state, SnapshotState::pending);
}

TEST(PlanSnapshots, ASnapshotOfAnotherUnderThatNameIsNotOurs) {
  SnapshotScene scene;
  scene.add("gantry-r1", "by a person");
  EXPECT_EQ(scene.step(), "");
  EXPECT_EQ(scene.shown().state, SnapshotState::impossible);
}

TEST(PlanSnapshots, WaitsForLocksTasksTheGateAndItsTurn) {
  SnapshotScene locked;
  locked.world.guest.config.values["lock"] = "snapshot";
  EXPECT_EQ(locked.step(), "");
  EXPECT_EQ(locked.planned().situation, Situation::ready);
  SnapshotScene busy;
  busy.world.task.state = TaskState::running;
  busy.world.task.task.type = "vzsnapshot";
  EXPECT_EQ(busy.step(), "");
  EXPECT_EQ(busy.planned().situation, Situation::ready);
  SnapshotScene closed;
  closed.world.may_write = make_error(ErrorClass::held, "Observe: mode Observe");
  EXPECT_EQ(closed.step(), "");
  EXPECT_EQ(closed.planned().situation, Situation::ready);
  SnapshotScene failed;
  begin_step(failed.machine.status, steps::kSnapshot, failed.world.now);
  fail_step(failed.machine.status, steps::kSnapshot, failed.world.now, "no space");
  EXPECT_EQ(failed.step(), "");
  EXPECT_EQ(failed.shown().message, "no space");
  failed.world.now += 6s;
  EXPECT_EQ(failed.step(), "take gantry-r1");
}

TEST(PlanSnapshots, OtherWorkComesFirstAndAMachineThatGoesNeedsNone) {
  SnapshotScene scene;
  scene.world.guest.status->running = false;
  EXPECT_EQ(scene.step(), "start it");
  scene.machine.metadata.deletion_timestamp = scene.world.now;
  EXPECT_EQ(scene.step(), "destroy the container");
}

TEST(PlanSnapshots, TellsWhatBecameOfThem) {
  SnapshotScene scene;
  auto before = scene.machine.status;
  scene.add("gantry-r1", scene.mark());
  (void)scene.shown();
  ASSERT_THAT(snapshot_happenings(before, scene.machine.status), SizeIs(1));
  before = scene.machine.status;
  scene.world.snapshots->clear();
  EXPECT_EQ(scene.shown().state, SnapshotState::gone);
  const auto told = snapshot_happenings(before, scene.machine.status);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].reason, "SnapshotGone");
  scene.machine.spec.snapshots.clear();
  show(scene.machine, scene.planned(), scene.world);
  EXPECT_THAT(scene.machine.status.snapshots, IsEmpty());
}

}  // namespace
}  // namespace gantry::controllers::machine
