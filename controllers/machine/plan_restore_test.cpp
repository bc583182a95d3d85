#include "controllers/machine/desired.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "controllers/machine/snapshots.h"
#include "controllers/machine/status.h"
#include "pkg/base/testing.h"
#include "pkg/pve/mark.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::RestoreState;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A container on LVM-thin that has stopped, to be put back to "gantry-r1".
struct RestoreScene {
  Machine machine;
  MachineClass shape;
  Observation world;
  std::shared_ptr<inventory::Snapshot> inventory = std::make_shared<inventory::Snapshot>();

  explicit RestoreScene(const std::string& type = "lvmthin") {
    machine.metadata.name = "web";
    machine.metadata.uid = Uid("6f0c0000-0000-4000-8000-000000000001");
    machine.metadata.finalizers = {kFinalizer};
    machine.status.steps = {{steps::kReady, StepState::done, {}, {}, "", 0, ""},
                            {steps::kCreate, StepState::done, {}, {}, "", 1, ""}};
    machine.spec.snapshots = {{"gantry-r1"}};
    machine.spec.restore = api::v1alpha1::Restore{"one", "gantry-r1"};
    machine.status.restore.emplace();
    machine.status.restore->id = "one";
    shape.metadata.name = "small";
    world.now = from_unix_seconds(1'800'000'000);
    world.installation = "inst-1";
    world.user = "gantry@pve!daemon";
    world.snapshot = inventory;
    world.row =
        store::GuestRow{ClusterName("home"), VmId(20001), machine.metadata.uid, "default/web", 1,
                        std::nullopt,        std::nullopt};
    auto& guest = world.guest;
    guest.occupant = Occupant::ours;
    guest.node = NodeName("pve1");
    guest.config.values = owned_settings(machine, shape);
    guest.config.values["rootfs"] = "tank:vm-20001-disk-0,size=8G";
    guest.config.values["parent"] = "gantry-r1";
    guest.config.values["description"] = mark();
    guest.config.values["tags"] = pve::to_tag(machine.metadata.uid);
    guest.status = pve::GuestStatus{};
    world.snapshots = {{"gantry-r1", mark(), world.now - 1h, ""}};
    add_storage("tank", type, {"rootdir"});
  }
  void add_storage(const std::string& id, const std::string& type, std::set<std::string> content) {
    pve::StorageRow row;
    row.id = StorageId(id);
    row.node = NodeName("pve1");
    row.type = type;
    row.active = true;
    row.content = std::move(content);
    inventory->storages.push_back(std::move(row));
  }
  std::string mark() const {
    return pve::to_description_line({world.installation, machine.metadata.uid, 1});
  }
  void keep_safe() {
    world.snapshots->push_back({"gantry-safety-one", mark(), world.now, ""});
    world.guest.config.values["parent"] = "gantry-safety-one";
  }
  // The rollback was asked for so long ago, and its answer lost.
  void call(Duration ago) {
    keep_safe();
    machine.status.restore->state = RestoreState::rolling_back;
    begin_step(machine.status, steps::kRestore, world.now - ago);
  }
  void add_task(const std::string& type, Duration ago, const std::string& exit) {
    pve::Task task;
    task.type = type;
    task.user = "gantry@pve";
    task.started = world.now - ago;
    task.ended = world.now - ago + 1s;
    task.exit_status = exit;
    world.tasks.push_back(std::move(task));
  }
  Plan planned() const { return plan(machine, &shape, world); }
  std::string step() const {
    const auto next = planned();
    if (const auto* take = std::get_if<TakeSnapshot>(&next.action)) return "take " + take->name;
    if (const auto* back = std::get_if<RollBack>(&next.action)) return "back to " + back->snapshot;
    if (const auto* noted = std::get_if<NoteRestore>(&next.action)) {
      const auto state = noted->status.state;
      return state == RestoreState::done      ? "done"
             : state == RestoreState::refused ? "refused: " + noted->status.message
                                              : "begin";
    }
    return is_nothing(next.action) ? next.reason : describe(next.action);
  }
};

TEST(PlanRestore, StopsKeepsAsideAndPutsBack) {
  RestoreScene scene;
  scene.machine.status.restore.reset();
  EXPECT_EQ(scene.step(), "begin");
  scene = RestoreScene();
  scene.world.guest.status->running = true;
  EXPECT_EQ(scene.step(), "shut it down");
  scene = RestoreScene();
  EXPECT_EQ(scene.step(), "take gantry-safety-one");
  scene.keep_safe();
  EXPECT_EQ(scene.step(), "back to gantry-r1");
}

TEST(PlanRestore, AnIdIsGrantedOnce) {
  for (const auto state : {RestoreState::done, RestoreState::refused}) {
    RestoreScene scene;
    scene.machine.status.restore->state = state;
    EXPECT_EQ(scene.step(), "start it");
    scene.machine.spec.restore->id = "two";
    EXPECT_EQ(scene.step(), "begin");
    scene.machine.spec.restore.reset();
    EXPECT_EQ(scene.step(), "start it");
  }
}

TEST(PlanRestore, WhatIsNotThereOrNotOursIsRefusedAndNothingStops) {
  RestoreScene gone;
  gone.world.guest.status->running = true;
  gone.world.snapshots->clear();
  EXPECT_THAT(gone.step(), HasSubstr("refused: the disks are not put back to gantry-r1"));
  gone.world.snapshots = {{"gantry-r1", "by a person", gone.world.now, ""}};
  EXPECT_THAT(gone.step(), HasSubstr("refused"));
  gone.world.snapshots = {{"gantry-r1", gone.mark(), gone.world.now, "prepare"}};
  EXPECT_THAT(gone.step(), HasSubstr("refused"));
  gone.world.snapshots.reset();
  EXPECT_EQ(gone.step(), "Restoring");
}

TEST(PlanRestore, WhereOnlyTheNewestCanBeGoneBackToABackupIsTheCopy) {
  RestoreScene zfs("zfspool");
  zfs.world.guest.status->running = true;
  EXPECT_THAT(zfs.step(), AllOf(HasSubstr("refused"), HasSubstr("pct rollback 20001 gantry-r1")));
  zfs.add_storage("dumps", "dir", {"backup"});
  EXPECT_EQ(zfs.step(), "shut it down");
  zfs.world.guest.status->running = false;
  EXPECT_EQ(zfs.step(), "back it up");
  begin_step(zfs.machine.status, steps::kBackup, zfs.world.now);
  EXPECT_EQ(zfs.step(), "AnswerLost");
  finish_step(zfs.machine.status, steps::kBackup, zfs.world.now, "");
  EXPECT_EQ(zfs.step(), "back to gantry-r1");
  zfs.world.guest.config.values["parent"] = "mine";
  EXPECT_THAT(zfs.step(), AllOf(HasSubstr("refused"), HasSubstr("pct delsnapshot 20001")));
}

TEST(PlanRestore, ALostAnswerIsLookedForBeforeItIsAskedForAgain) {
  RestoreScene scene;
  scene.call(1min);
  EXPECT_EQ(scene.step(), "AnswerLost");
  scene.add_task("vzrollback", 59s, "OK");
  EXPECT_EQ(scene.step(), "done");
  // An earlier one is followed by the copy that this one has made.
  scene.world.tasks.clear();
  scene.add_task("vzsnapshot", 70s, "OK");
  scene.add_task("vzrollback", 90s, "OK");
  EXPECT_EQ(scene.step(), "AnswerLost");
  RestoreScene late;
  late.call(4min);
  EXPECT_EQ(late.step(), "back to gantry-r1");
}

TEST(PlanRestore, WhatBackupsLeaveOutIsNotRolledBack) {
  RestoreScene zfs("zfspool");
  zfs.add_storage("dumps", "dir", {"backup"});
  zfs.world.guest.status->running = true;
  auto& mount = zfs.world.guest.config.values["mp0"];
  mount = "tank:vm-20001-disk-1,mp=/srv/data,backup=1,size=8G";
  EXPECT_EQ(zfs.step(), "shut it down");
  mount = "tank:vm-20001-disk-1,mp=/srv/data,size=8G";
  EXPECT_THAT(zfs.step(), AllOf(HasSubstr("refused"), HasSubstr("backups leave out mp0")));
  RestoreScene thin;
  thin.world.guest.config.values["mp0"] = mount;
  EXPECT_EQ(thin.step(), "take gantry-safety-one") << "snapshots leave nothing out";
}

// Another storage for backups has come since, or the one of the copy has gone.
TEST(PlanRestore, AskedForAgainTheFirstCopyIsStillTheCopy) {
  RestoreScene zfs("zfspool");
  zfs.call(4min);
  zfs.world.snapshots->pop_back();
  zfs.machine.status.restore->safety = "backup on dumps";
  const auto next = zfs.planned();
  ASSERT_TRUE(std::holds_alternative<RollBack>(next.action)) << describe(next.action);
  EXPECT_EQ(std::get<RollBack>(next.action).safety, "backup on dumps");
}

// An older database knows nothing of it; Proxmox does.
TEST(PlanRestore, WhatProxmoxKnowsToBeDoneIsNotDoneAgain) {
  RestoreScene scene;
  scene.world.guest.status->running = true;
  scene.keep_safe();
  EXPECT_EQ(scene.step(), "shut it down");
  scene.world.guest.config.values["parent"] = "gantry-r1";
  EXPECT_EQ(scene.step(), "done");
}

TEST(PlanRestore, NothingIsPutBackUnderWhatRuns) {
  RestoreScene scene;
  scene.call(4min);
  scene.world.guest.status->running = true;
  EXPECT_EQ(scene.step(), "RestoreUnclear");
}

TEST(PlanRestore, WhatDiedIsAPersonsToUnlock) {
  RestoreScene scene;
  scene.call(1min);
  scene.world.guest.config.values["lock"] = "rollback";
  EXPECT_EQ(scene.step(), "RestoreUnfinished");
  EXPECT_THAT(scene.planned().message, HasSubstr("pct unlock 20001"));
}

TEST(PlanRestore, WhatFailsAgainAndAgainIsRefused) {
  RestoreScene scene;
  scene.keep_safe();
  scene.machine.status.restore->state = RestoreState::rolling_back;
  for (int attempt = 0; attempt < kAttemptsBeforeStalled; ++attempt)
    begin_step(scene.machine.status, steps::kRestore, scene.world.now - 1h);
  fail_step(scene.machine.status, steps::kRestore, scene.world.now - 1h, "no luck");
  EXPECT_THAT(scene.step(), AllOf(HasSubstr("refused"), HasSubstr("no luck")));
}

// It runs on as before: that is no reason to call it anything but ready.
TEST(PlanRestore, ARefusalIsHeldAndNoMore) {
  RestoreScene scene;
  scene.machine.status.restore->state = RestoreState::refused;
  scene.machine.status.restore->message = "why";
  Plan well;
  well.situation = Situation::ready;
  well.step = steps::kReady;
  well.reason = "Running";
  show(scene.machine, well, scene.world);
  const auto& conditions = scene.machine.status.conditions;
  EXPECT_TRUE(api::meta::is_true(conditions, "Ready"));
  ASSERT_NE(api::meta::find_condition(conditions, "Held"), nullptr);
  EXPECT_EQ(api::meta::find_condition(conditions, "Held")->reason, "RestoreRefused");
}

}  // namespace
}  // namespace gantry::controllers::machine
