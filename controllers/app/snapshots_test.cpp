#include "controllers/app/snapshots.h"

#include "controllers/app/plan.h"
#include "controllers/app/rollout.h"
#include "controllers/app/testing.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::app {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::App;
using api::v1alpha1::AppMachine;
using api::v1alpha1::Machine;
using api::v1alpha1::RevisionState;
using api::v1alpha1::SnapshotState;
using ::testing::ElementsAre;
using testing::Fails;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;

AppMachine machine(const std::string& name) {
  AppMachine made;
  made.name = name;
  made.ready = true;
  made.vmid = 20000;
  made.revision = made.target = "old";
  made.well_since = kNow - 1h;
  return made;
}

// Two replicas with data that run "old", and a spec that asks for "new".
App app() {
  App made;
  made.metadata.name = "web";
  made.spec.replicas = 2;
  made.spec.volumes.resize(1);
  made.status.revision = "new";
  made.status.current_revision = "old";
  made.status.machines = {machine("web-0"), machine("web-1")};
  made.status.revisions = {{1, "old", kNow, RevisionState::good, ""}, {2, "new", kNow, {}, ""}};
  made.spec.update.emplace();
  return made;
}
Machine object(const std::string& name) {
  Machine made;
  made.metadata.name = name;
  return made;
}
std::vector<std::string> snapshot_targets(const App& app) {
  std::vector<std::string> all;
  for (const auto& each : app.status.machines) all.push_back(each.target);
  return all;
}

TEST(Snapshots, AnUpdateWaitsForTheOneWhoseTurnItIs) {
  auto update = app();
  (void)roll(update, kNow);
  EXPECT_THAT(snapshot_targets(update), ElementsAre("old", "old"));
  EXPECT_EQ(update.status.machines[0].snapshot, "gantry-r1-1800000000");
  EXPECT_EQ(update.status.machines[1].snapshot, "");
  auto seen = object("web-0");
  EXPECT_THAT(see_snapshots(update, {seen}, kNow),
              Fails(ErrorClass::conflict, HasSubstr("web-0: its data is kept aside first")));
  (void)roll(update, kNow + 1s);
  EXPECT_THAT(snapshot_targets(update), ElementsAre("old", "old"));
  seen.status.snapshots = {{"gantry-r1-1800000000", SnapshotState::taken, kNow, ""}};
  EXPECT_THAT(see_snapshots(update, {seen}, kNow), IsOk());
  (void)roll(update, kNow + 2s);
  EXPECT_THAT(snapshot_targets(update), ElementsAre("new", "old"));
  EXPECT_EQ(update.status.machines[0].snapshot, "");
  ASSERT_THAT(update.status.revisions[0].snapshots, SizeIs(1));
  EXPECT_EQ(update.status.revisions[0].snapshots[0].name, "gantry-r1-1800000000");
  EXPECT_EQ(update.status.revisions[0].snapshots[0].created_at, kNow);
}

TEST(Snapshots, WhatAStorageCannotIsWrittenDownAndTheUpdateGoesOut) {
  auto update = app();
  (void)roll(update, kNow);
  auto seen = object("web-0");
  seen.status.snapshots = {
      {"gantry-r1-1800000000", SnapshotState::impossible, {}, "storage local cannot"}};
  EXPECT_THAT(see_snapshots(update, {seen}, kNow), IsOk());
  (void)roll(update, kNow);
  EXPECT_THAT(snapshot_targets(update), ElementsAre("new", "old"));
  EXPECT_EQ(update.status.revisions[0].snapshots[0].name, "");
  EXPECT_EQ(update.status.revisions[0].snapshots[0].message, "storage local cannot");
}

TEST(Snapshots, APersonIsAskedAfterAWhileAndNothingGoesOutMeanwhile) {
  auto update = app();
  (void)roll(update, kNow);
  auto seen = object("web-0");
  seen.status.snapshots = {{"gantry-r1-1800000000", SnapshotState::pending, {}, "no space"}};
  EXPECT_THAT(see_snapshots(update, {seen}, kNow + 9min), Fails(ErrorClass::conflict));
  EXPECT_THAT(see_snapshots(update, {seen}, kNow + 11min),
              Fails(ErrorClass::invalid,
                    ::testing::AllOf(HasSubstr("no space"), HasSubstr("update.snapshot: Never"))));
  (void)roll(update, kNow + 11min);
  EXPECT_THAT(snapshot_targets(update), ElementsAre("old", "old"));
  update.spec.update->snapshot = api::v1alpha1::UpdateSnapshot::never;
  (void)roll(update, kNow + 12min);
  EXPECT_THAT(snapshot_targets(update), ElementsAre("new", "old"));
  EXPECT_EQ(update.status.machines[0].snapshot, "");
}

TEST(Snapshots, WithoutDataNothingIsKept) {
  auto update = app();
  update.spec.volumes.clear();
  (void)roll(update, kNow);
  EXPECT_THAT(snapshot_targets(update), ElementsAre("new", "old"));
  auto fresh = app();
  fresh.status.machines[0].revision.clear();  // nothing has ever run there
  (void)roll(fresh, kNow);
  EXPECT_THAT(snapshot_targets(fresh), ElementsAre("new", "old"));
}

TEST(Snapshots, AllAreKeptBeforeARecreate) {
  auto update = app();
  update.spec.update->strategy = api::v1alpha1::UpdateStrategy::recreate;
  (void)roll(update, kNow);
  auto first = object("web-0"), second = object("web-1");
  const api::v1alpha1::SnapshotStatus taken{"gantry-r1-1800000000", SnapshotState::taken, kNow, ""};
  first.status.snapshots = {taken};
  EXPECT_THAT(see_snapshots(update, {first, second}, kNow), Fails(ErrorClass::conflict));
  (void)roll(update, kNow);
  EXPECT_THAT(snapshot_targets(update), ElementsAre("old", "old"));
  second.status.snapshots = {taken};
  EXPECT_THAT(see_snapshots(update, {first, second}, kNow), IsOk());
  (void)roll(update, kNow);
  EXPECT_THAT(snapshot_targets(update), ElementsAre("new", "new"));
}

// Its data goes on changing: a later update takes another.
TEST(Snapshots, OneForAnUpdateThatDidNotComeIsNotUsedForTheNext) {
  auto update = app();
  (void)roll(update, kNow);
  update.status.revision = "old";
  (void)roll(update, kNow);
  EXPECT_EQ(update.status.machines[0].snapshot, "");
  EXPECT_FALSE(update.status.machines[0].snapshot_asked_at.has_value());
}

TEST(Snapshots, OnlyTheNewestStayAndWhatIsNotThereIsAskedForNoMore) {
  auto machine = object("web-0");
  for (const char* name : {"gantry-a", "gantry-b", "gantry-c", "gantry-d", "gantry-d"})
    add_snapshot(machine.spec, name);
  ASSERT_THAT(machine.spec.snapshots, SizeIs(3));
  EXPECT_EQ(machine.spec.snapshots[0].name, "gantry-b");
  machine.status.snapshots = {{"gantry-c", SnapshotState::taken, kNow, ""},
                              {"gantry-d", SnapshotState::impossible, {}, ""}};
  drop_snapshots(machine);
  ASSERT_THAT(machine.spec.snapshots, SizeIs(1));
  EXPECT_EQ(machine.spec.snapshots[0].name, "gantry-c");
}

TEST(Snapshots, WhatIsKeptNoMoreIsSaid) {
  auto known = app();
  known.status.revisions[0].snapshots = {{"web-0", "gantry-a", kNow, ""},
                                         {"web-7", "gantry-b", kNow, ""}};
  auto seen = object("web-0");
  seen.status.snapshots = {{"gantry-a", SnapshotState::taken, kNow, ""}};
  (void)see_snapshots(known, {seen}, kNow);
  EXPECT_EQ(known.status.revisions[0].snapshots[0].message, "");
  EXPECT_EQ(known.status.revisions[0].snapshots[1].message, "its Machine is gone");
  seen.status.snapshots.clear();
  (void)see_snapshots(known, {seen}, kNow);
  EXPECT_EQ(known.status.revisions[0].snapshots[0].message, "kept no more");
}

// What it is to run comes first; nothing is put into it until its data is back.
TEST(Snapshots, ARestoreIsHandedToWhoRunsWhatTheSpecAsksFor) {
  auto asked = app();
  asked.spec.restore = api::v1alpha1::AppRestore{"one", 1};
  asked.status.revisions[0].snapshots = {{"web-0", "gantry-a", kNow, ""}, {"web-1", "", {}, "no"}};
  EXPECT_FALSE(restore_of(asked, "web-0").has_value());
  (void)roll(asked, kNow);
  EXPECT_THAT(snapshot_targets(asked), ElementsAre("new", "old"))
      << "the restore keeps what is there now";
  ASSERT_TRUE(restore_of(asked, "web-0").has_value());
  EXPECT_EQ(restore_of(asked, "web-0")->snapshot, "gantry-a");
  EXPECT_TRUE(awaits_restore(asked, asked.status.machines[0]));
  EXPECT_FALSE(restore_of(asked, "web-1").has_value());
  asked.metadata.generation = 7;  // what the spec asks for now is not known yet
  EXPECT_FALSE(restore_of(asked, "web-0").has_value());
  asked.status.observed_generation = 7;
  auto seen = object("web-0");
  seen.status.restore.emplace();
  seen.status.restore->id = "one";
  (void)see_snapshots(asked, {seen}, kNow);
  EXPECT_TRUE(awaits_restore(asked, asked.status.machines[0]));
  seen.status.restore->state = api::v1alpha1::RestoreState::refused;
  (void)see_snapshots(asked, {seen}, kNow);
  EXPECT_FALSE(awaits_restore(asked, asked.status.machines[0]));
}

}  // namespace
}  // namespace gantry::controllers::app
