#include "controllers/app/plan.h"

#include "controllers/app/testing.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::AppMachine;
using api::v1alpha1::Machine;
using api::v1alpha1::Slot;
using ::testing::HasSubstr;

App hello(int replicas) {
  App app;
  app.metadata.name = "hello";
  app.metadata.ns = "default";
  app.metadata.uid = Uid("app-1");
  app.metadata.generation = 3;
  app.metadata.finalizers = {kFinalizer};
  app.spec.machine_class_name = "small";
  app.spec.replicas = replicas;
  return app;
}
App deleting(App app) {
  app.metadata.deletion_timestamp = kNow;
  return app;
}
Machine stranger(const char* name) {
  Machine machine;
  machine.metadata.name = name;
  machine.metadata.ns = "default";
  return machine;
}

// A step as a short text: "create hello-0".
std::string name_of(const std::optional<Step>& step) {
  struct Names {
    std::string operator()(const AddFinalizer&) { return "add finalizer"; }
    std::string operator()(const CreateMachine& s) { return "create " + s.machine.metadata.name; }
    std::string operator()(const UpdateMachine& s) { return "update " + s.machine.metadata.name; }
    std::string operator()(const DeleteMachine& s) { return "delete " + s.name; }
    std::string operator()(const RemoveFinalizer&) { return "remove finalizer"; }
    std::string operator()(const Await&) { return "wait"; }
  };
  return step ? std::visit(Names(), *step) : "nothing";
}

struct Row {
  const char* name;
  App app;
  std::vector<Machine> machines;
  const char* want;
};

TEST(Plan, AnswersEverySituationWithTheRightStep) {
  auto fresh = hello(1);
  fresh.metadata.finalizers.clear();
  auto suspended = hello(1);
  suspended.spec.suspend = true;
  auto other_class = hello(1);
  other_class.spec.machine_class_name = "large";
  auto going = wanted_machine(hello(1), 0);
  going.metadata.deletion_timestamp = kNow;
  const auto zero = wanted_machine(hello(2), 0);
  const auto one = wanted_machine(hello(2), 1);
  auto pinned = zero;
  pinned.spec.node = "pve2";
  auto with_data = hello(1);
  with_data.spec.volumes = {{"data", "/srv/data", schema::Quantity("8Gi"), ""}};
  auto holder = wanted_machine(with_data, 0);
  holder.status.vmid = 20000;
  holder.status.power = "running";
  auto keeping = holder;
  keeping.spec.power_state = api::v1alpha1::PowerState::stopped;
  auto kept = keeping;
  kept.status.power = "stopped";
  auto fresh_holder = wanted_machine(with_data, 0);
  auto purged = deleting(with_data);
  purged.spec.deletion.volumes = api::v1alpha1::VolumesOnDeletion::remove;
  auto given_up = holder;
  given_up.spec.deletion_policy = api::v1alpha1::DeletionPolicy::remove;
  const std::vector<Row> rows{
      {"data is stopped before it is left", deleting(with_data), {holder}, "update hello-0"},
      {"… and waited for", deleting(with_data), {keeping}, "wait"},
      {"… and then left", deleting(with_data), {kept}, "delete hello-0"},
      {"what never had a container has no data",
       deleting(with_data),
       {fresh_holder},
       "delete hello-0"},
      {"data goes when that is asked for", purged, {holder}, "update hello-0"},
      {"… and said", purged, {given_up}, "delete hello-0"},
      {"who takes a Machine away takes no data", with_data, {given_up}, "update hello-0"},
      {"a volume that is new is made", with_data, {zero}, "update hello-0"},
      {"the finalizer comes first", fresh, {}, "add finalizer"},
      {"a missing machine is created", hello(1), {}, "create hello-0"},
      {"all is there", hello(2), {zero, one}, "nothing"},
      {"a person's pin stays", hello(1), {pinned}, "nothing"},
      {"the gap is filled", hello(2), {one}, "create hello-0"},
      {"scaled down, the last goes first", hello(0), {zero, one}, "delete hello-1"},
      {"a machine that goes already is left to go", hello(0), {going}, "nothing"},
      {"a machine that goes is waited for", hello(1), {going}, "nothing"},
      {"a stranger's machine is never touched", hello(1), {stranger("hello-0")}, "nothing"},
      {"a stranger does not stop the others", hello(2), {stranger("hello-0")}, "create hello-1"},
      {"a stranger is not deleted either",
       deleting(hello(1)),
       {stranger("hello-0")},
       "remove finalizer"},
      {"deletion deletes machines", deleting(hello(1)), {zero}, "delete hello-0"},
      {"deletion waits for machines", deleting(hello(1)), {going}, "nothing"},
      {"deletion ends when they are gone", deleting(hello(1)), {}, "remove finalizer"},
      {"a suspended app stops its machine", suspended, {zero}, "update hello-0"},
      {"another class changes the machine", other_class, {zero}, "update hello-0"},
  };
  for (const auto& row : rows) {
    std::string blocked;
    EXPECT_EQ(name_of(plan(row.app, row.machines, blocked)), row.want) << row.name;
  }
}

// Two replicas that run "old", and a spec that asks for "new" with BlueGreen.
App updating() {
  auto app = hello(2);
  app.spec.update.emplace();
  app.spec.update->strategy = api::v1alpha1::UpdateStrategy::blue_green;
  app.status.revision = "new";
  app.status.current_revision = "old";
  return app;
}

TEST(Plan, BringsUpAnotherSetBesideTheOneThatServes) {
  const auto blue = std::vector{wanted_machine(updating(), 0), wanted_machine(updating(), 1)};
  auto both = blue;
  both.push_back(wanted_machine(updating(), 0, Slot::green));
  both.push_back(wanted_machine(updating(), 1, Slot::green));
  auto going = both;
  going[2].metadata.deletion_timestamp = kNow;
  auto calm = updating();
  calm.status.revision = "old";
  auto failed = updating();
  failed.status.failed_revision = "new";
  auto suspended = updating();
  suspended.spec.suspend = true;
  auto rolling = updating();
  rolling.spec.update->strategy = api::v1alpha1::UpdateStrategy::rolling;
  auto first = updating();
  first.status.current_revision.clear();
  auto fewer = updating();
  fewer.spec.replicas = 1;
  auto other_class = updating();
  other_class.spec.machine_class_name = "large";
  auto failed_class = failed;
  failed_class.spec.machine_class_name = "large";
  const std::vector<Row> rows{
      {"the first revision needs no other set", first, blue, "nothing"},
      {"an update does", updating(), blue, "create hello-0-green"},
      {"… a full one", updating(), {both[0], both[1], both[2]}, "create hello-1-green"},
      {"… and waits for it", updating(), both, "nothing"},
      {"both are scaled down", fewer, both, "delete hello-1-green"},
      {"what failed goes", failed, both, "delete hello-1-green"},
      {"what is asked for no more goes", calm, both, "delete hello-1-green"},
      {"what is suspended needs no other set", suspended, both, "delete hello-1-green"},
      {"another strategy has none", rolling, both, "delete hello-1-green"},
      {"both go with their App", deleting(updating()), both, "delete hello-1-green"},
      {"another class is for the new set", other_class, both, "update hello-0-green"},
      {"… also when that has failed", failed_class, blue, "nothing"},
      {"who goes is waited for", updating(), going, "nothing"},
  };
  for (const auto& row : rows) {
    std::string blocked;
    EXPECT_EQ(name_of(plan(row.app, row.machines, blocked)), row.want) << row.name;
  }
}

TEST(Plan, WhatHasServedBeforeStaysUntilItMayGo) {
  auto app = updating();
  app.status.active_slot = Slot::green;
  app.status.current_revision = "new";
  app.status.switched_at = kNow;
  std::vector<Machine> both;
  for (const auto slot : {Slot::blue, Slot::green})
    for (int ordinal : {0, 1}) both.push_back(wanted_machine(app, ordinal, slot));
  std::ranges::sort(both, {}, [](const Machine& machine) { return machine.metadata.name; });
  std::string blocked;
  EXPECT_EQ(name_of(plan(app, both, blocked, false)), "nothing");
  EXPECT_EQ(name_of(plan(app, both, blocked, true)), "delete hello-1");
  app.status.revision = "newer";
  EXPECT_EQ(name_of(plan(app, both, blocked, false)), "nothing") << "its set is not free yet";
  app.status.switched_at.reset();
  EXPECT_EQ(name_of(plan(app, {both[1], both[3]}, blocked)), "create hello-0");
  EXPECT_EQ(name_of(plan(deleting(app), both, blocked, false)), "delete hello-1-green");
}

// A status from before, out of a backup, may be about another set.
TEST(Plan, DataInASetThatIsNotKnownToServeIsLeft) {
  auto app = hello(1);
  app.spec.volumes.emplace_back().name = "data";
  app.spec.deletion.volumes = api::v1alpha1::VolumesOnDeletion::remove;
  auto green = wanted_machine(app, 0, Slot::green);
  green.spec.handover.reset();
  green.status.vmid = 20000;
  green.status.power = "running";
  std::string blocked;
  const auto step = plan(app, {wanted_machine(app, 0), green}, blocked);
  ASSERT_TRUE(step && std::holds_alternative<UpdateMachine>(*step)) << name_of(step);
  const auto& left = std::get<UpdateMachine>(*step).machine;
  EXPECT_EQ(left.metadata.name, "hello-0-green");
  EXPECT_EQ(left.spec.deletion_policy, api::v1alpha1::DeletionPolicy::retain);
  EXPECT_EQ(left.spec.power_state, api::v1alpha1::PowerState::stopped);
}

TEST(Plan, LeavesTheMachinesOfAnAppThatGoesWithoutThem) {
  auto app = deleting(hello(1));
  app.metadata.finalizers = {kFinalizer, "orphan"};
  const auto machine = wanted_machine(hello(1), 0);
  std::string blocked;
  EXPECT_EQ(name_of(plan(app, {machine}, blocked)), "remove finalizer");
  app.metadata.finalizers = {"orphan"};
  EXPECT_EQ(name_of(plan(app, {machine}, blocked)), "nothing");
}

TEST(Plan, SaysWhoIsInTheWay) {
  std::string blocked;
  (void)plan(hello(1), {stranger("hello-0")}, blocked);
  EXPECT_THAT(blocked, HasSubstr("hello-0"));
}

AppMachine shown(const char* name, bool ready, const char* message = "") {
  AppMachine machine;
  machine.name = name;
  machine.slot = slot_of(name);
  machine.ready = ready;
  machine.message = message;
  return machine;
}

const api::meta::Condition& said(const App& app, const char* type) {
  return *find_condition(app.status.conditions, type);
}

TEST(Judge, IsReadyOnlyWhenEveryReplicaIs) {
  auto app = hello(2);
  app.status.machines = {shown("hello-0", true), shown("hello-1", false, "booting")};
  judge(app, "", Status(), kNow);
  EXPECT_FALSE(is_true(app.status.conditions, "Ready"));
  EXPECT_TRUE(is_true(app.status.conditions, "Available"));
  EXPECT_TRUE(is_true(app.status.conditions, "Reconciling"));
  EXPECT_EQ(find_condition(app.status.conditions, "Ready")->message,
            "1 of 2 replicas are ready; hello-1: booting");
  app.status.machines[1].ready = true;
  judge(app, "", Status(), kNow);
  EXPECT_TRUE(is_true(app.status.conditions, "Ready"));
  EXPECT_EQ(find_condition(app.status.conditions, "Ready")->observed_generation, 3);
}

TEST(Judge, CountsTheSetThatServes) {
  auto app = updating();
  app.spec.replicas = 1;
  app.status.machines = {shown("hello-0", true), shown("hello-0-green", false, "booting")};
  app.status.machines[0].revision = "old";
  judge(app, "", Status(), kNow);
  EXPECT_EQ(said(app, "Available").status, api::meta::ConditionStatus::yes);
  EXPECT_EQ(said(app, "Ready").message,
            "1 of 1 replicas are ready, 0 of them updated; hello-0-green: booting");
  EXPECT_EQ(app.status.replicas, 1);
  EXPECT_EQ(app.status.ready_replicas, 1);
  // It serves.
  app.status.active_slot = Slot::green;
  app.status.current_revision = "new";
  app.status.switched_at = kNow;
  app.status.machines[0] = shown("hello-0", true, "the proxy has not turned yet");
  app.status.machines[1] = shown("hello-0-green", true);
  app.status.machines[1].revision = "new";
  judge(app, "", Status(), kNow);
  EXPECT_EQ(said(app, "Ready").status, api::meta::ConditionStatus::yes);
  EXPECT_EQ(said(app, "Ready").message, "1 of 1 replicas are ready");
  EXPECT_EQ(said(app, "Reconciling").reason, "Retiring");
  EXPECT_EQ(said(app, "Reconciling").message, "hello-0: the proxy has not turned yet");
  app.status.machines.erase(app.status.machines.begin());
  app.status.switched_at.reset();
  judge(app, "", Status(), kNow);
  EXPECT_EQ(said(app, "Reconciling").status, api::meta::ConditionStatus::no);
}

TEST(Judge, WhatCannotBeSeenIsUnknownAndNotDown) {
  auto app = hello(2);
  app.status.machines = {shown("hello-0", true), shown("hello-1", true, "no answer; last seen …")};
  app.status.machines[1].unknown_since = kNow;
  judge(app, "", Status(), kNow);
  EXPECT_EQ(said(app, "Available").status, api::meta::ConditionStatus::yes);
  EXPECT_EQ(said(app, "Ready").status, api::meta::ConditionStatus::unknown);
  EXPECT_EQ(said(app, "Ready").message,
            "2 of 2 replicas are ready, 1 of them when last seen; hello-1: no answer; last seen …");
  app.status.machines[0].unknown_since = kNow;
  judge(app, "", Status(), kNow);
  EXPECT_EQ(said(app, "Available").status, api::meta::ConditionStatus::unknown);
  EXPECT_THAT(said(app, "Available").message,
              HasSubstr("2 of 2 replicas were ready when last seen; hello-1: no answer"));
  EXPECT_EQ(said(app, "Reconciling").status, api::meta::ConditionStatus::no);
  EXPECT_EQ(app.status.ready_replicas, 2);
}

TEST(Judge, WhatWasDownBeforeItWasLostIsStillNotReady) {
  auto app = hello(1);
  app.status.machines = {shown("hello-0", false, "no answer")};
  app.status.machines[0].unknown_since = kNow;
  judge(app, "", Status(), kNow);
  EXPECT_EQ(said(app, "Available").status, api::meta::ConditionStatus::no);
  EXPECT_EQ(said(app, "Ready").status, api::meta::ConditionStatus::no);
}

TEST(Judge, ADeletionCountsWhatIsLeft) {
  auto app = deleting(hello(1));
  app.status.machines = {shown("hello-0", true)};
  judge(app, "", Status(), kNow);
  EXPECT_EQ(said(app, "Ready").reason, "Deleting");
  EXPECT_EQ(said(app, "Ready").message, "Machines that are still there: 1");
}

TEST(Judge, StallsWhenOnlyAPersonCanHelp) {
  auto app = hello(1);
  app.status.machines = {shown("hello-0", false)};
  judge(app, "", invalid("Secret default/db does not exist"), kNow);
  EXPECT_TRUE(is_true(app.status.conditions, "Stalled"));
  EXPECT_FALSE(is_true(app.status.conditions, "Reconciling"));
  EXPECT_THAT(find_condition(app.status.conditions, "Ready")->message, HasSubstr("default/db"));
}

}  // namespace
}  // namespace gantry::controllers::app
