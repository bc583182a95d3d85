#include "controllers/app/rollout.h"

#include <functional>

#include "controllers/app/revisions.h"
#include "controllers/app/testing.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::app {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::App;
using api::v1alpha1::AppMachine;
using api::v1alpha1::RevisionState;
using api::v1alpha1::Slot;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

AppMachine machine(const std::string& name, const std::string& revision) {
  AppMachine made;
  made.name = name;
  made.ready = true;
  made.revision = made.target = revision;
  made.well_since = kNow - 1h;
  return made;
}

// Three replicas that run "old", and a spec that asks for `wanted`.
App app(const std::string& wanted) {
  App made;
  made.metadata.name = "web";
  made.status.revision = wanted;
  made.status.current_revision = "old";
  made.status.machines = {machine("web-0", "old"), machine("web-1", "old"),
                          machine("web-2", "old")};
  made.status.revisions = {{1, "old", kNow, RevisionState::good, ""}, {2, "new", kNow, {}, ""}};
  made.spec.update.emplace();
  return made;
}
std::vector<std::string> rollout_targets(const App& app) {
  std::vector<std::string> all;
  for (const auto& each : app.status.machines) all.push_back(each.target);
  return all;
}
// It runs what it was told to, since so long.
void arrive(AppMachine& machine, Duration ago) {
  machine.revision = machine.target;
  machine.ready = true;
  machine.well_since = kNow - ago;
}

TEST(Rollout, GivesTheFirstRevisionToEverybody) {
  auto first = app("new");
  first.status.current_revision.clear();
  for (auto& each : first.status.machines) each = AppMachine();
  EXPECT_THAT(roll(first, kNow), IsEmpty());
  EXPECT_THAT(rollout_targets(first), ElementsAre("new", "new", "new"));
}

TEST(Rollout, GoesBackToWhatAnsweredWhenNothingHadTimeToProveItself) {
  auto early = app("new");
  early.status.current_revision.clear();
  early.status.machines[2].ready = false;
  roll(early, kNow);
  EXPECT_EQ(early.status.current_revision, "") << "one of them did not answer";
  early = app("new");
  early.status.current_revision.clear();
  roll(early, kNow);
  EXPECT_EQ(early.status.current_revision, "old");
  EXPECT_THAT(rollout_targets(early), ElementsAre("new", "old", "old"));
  early.status.machines[0].failed_revision = "new";
  EXPECT_THAT(roll(early, kNow), SizeIs(1));
  EXPECT_THAT(rollout_targets(early), ElementsAre("old", "old", "old"));
}

TEST(Rollout, WaitsForWhatTheAppDependsOn) {
  auto update = app("new");
  EXPECT_THAT(roll(update, kNow, true), IsEmpty());
  EXPECT_THAT(rollout_targets(update), ElementsAre("old", "old", "old"));
  roll(update, kNow);
  update.status.machines[0].failed_revision = "new";
  EXPECT_THAT(roll(update, kNow, true), IsEmpty()) << "it may be the other's fault";
  EXPECT_THAT(update.status.failed_revision, IsEmpty());
  // Back to what was good needs nobody else.
  update.status.revision = "old";
  roll(update, kNow, true);
  EXPECT_THAT(rollout_targets(update), ElementsAre("old", "old", "old"));
}

TEST(Rollout, GoesOnOnlyWhenTheOneBeforeHasBaked) {
  auto update = app("new");
  (void)roll(update, kNow);
  EXPECT_THAT(rollout_targets(update), ElementsAre("new", "old", "old"));
  (void)roll(update, kNow);
  EXPECT_THAT(rollout_targets(update), ElementsAre("new", "old", "old"));
  arrive(update.status.machines[0], 9s);
  (void)roll(update, kNow);
  EXPECT_THAT(rollout_targets(update), ElementsAre("new", "old", "old"));
  arrive(update.status.machines[0], 10s);
  (void)roll(update, kNow);
  EXPECT_THAT(rollout_targets(update), ElementsAre("new", "new", "old"));
}

TEST(Rollout, IsLookedAtWhenTheNextHasBaked) {
  auto update = app("new");
  EXPECT_EQ(until_next_proof(update, kNow, 30s), 30s) << "nobody runs it yet";
  for (auto& each : update.status.machines) each.target = "new";
  update.spec.update->bake = 60s;
  arrive(update.status.machines[0], 2min);
  arrive(update.status.machines[1], 52s);
  arrive(update.status.machines[2], 45s);
  EXPECT_EQ(until_next_proof(update, kNow, 30s), 8s);
  update.status.machines[1].ready = false;
  EXPECT_EQ(until_next_proof(update, kNow, 10s), 10s);
  arrive(update.status.machines[1], 59900ms);
  EXPECT_EQ(until_next_proof(update, kNow, 30s), 1s) << "never hot";
}

TEST(Rollout, IsGoodWhenAllHaveBaked) {
  auto update = app("new");
  for (auto& each : update.status.machines) {
    each.target = "new";
    arrive(each, 10s);
  }
  const auto news = roll(update, kNow);
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_EQ(news[0].message, "revision 2 runs in every container");
  EXPECT_EQ(update.status.current_revision, "new");
  EXPECT_EQ(update.status.revisions[0].state, RevisionState::superseded);
  EXPECT_EQ(update.status.revisions[1].state, RevisionState::good);
}

TEST(Rollout, TakesThoseThatAreDownAtOnce) {
  auto update = app("new");
  update.status.machines[2].ready = false;
  (void)roll(update, kNow);
  EXPECT_THAT(rollout_targets(update), ElementsAre("old", "old", "new"));
}

TEST(Rollout, RecreateTakesAllAtOnce) {
  auto update = app("new");
  update.spec.update->strategy = api::v1alpha1::UpdateStrategy::recreate;
  (void)roll(update, kNow);
  EXPECT_THAT(rollout_targets(update), ElementsAre("new", "new", "new"));
}

TEST(Rollout, GoesBackWhenOneCannotRunIt) {
  auto update = app("new");
  (void)roll(update, kNow);
  update.status.machines[0].failed_revision = "new";
  update.status.machines[0].message = "images: no such tag";
  const auto news = roll(update, kNow);
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_TRUE(news[0].is_warning);
  EXPECT_EQ(news[0].message, "revision 2 failed (web-0: images: no such tag): back to revision 1");
  EXPECT_THAT(rollout_targets(update), ElementsAre("old", "old", "old"));
  EXPECT_EQ(update.status.failed_revision, "new");
  EXPECT_EQ(update.status.revisions[1].state, RevisionState::rolled_back);
  // … once, and for as long as the spec asks for it.
  EXPECT_THAT(roll(update, kNow), IsEmpty());
  EXPECT_THAT(rollout_targets(update), ElementsAre("old", "old", "old"));
}

TEST(Rollout, TriesAgainWhatIsAskedForAgain) {
  auto update = app("new");
  update.status.failed_revision = "new";
  update.status.revision = "newer";
  (void)roll(update, kNow);
  EXPECT_EQ(update.status.failed_revision, "");
  EXPECT_THAT(rollout_targets(update), ElementsAre("newer", "old", "old"));
}

TEST(Rollout, HoldsWhenThatIsAskedFor) {
  auto update = app("new");
  update.spec.update->on_failure = api::v1alpha1::OnFailure::hold;
  (void)roll(update, kNow);
  update.status.machines[0].failed_revision = "new";
  EXPECT_THAT(roll(update, kNow), IsEmpty());
  EXPECT_THAT(rollout_targets(update), ElementsAre("new", "old", "old"));
}

TEST(Rollout, AFailureOfTheRevisionThatIsGoodChangesNothing) {
  auto steady = app("old");
  steady.status.machines[0].failed_revision = "old";
  steady.status.machines[0].ready = false;
  EXPECT_THAT(roll(steady, kNow), IsEmpty());
  EXPECT_THAT(rollout_targets(steady), ElementsAre("old", "old", "old"));
  // Neither is it held against it later.
  steady.status.revision = "new";
  (void)roll(steady, kNow);
  steady.status.revision = "old";
  (void)roll(steady, kNow);
  EXPECT_EQ(steady.status.machines[0].failed_revision, "");
}

// Two replicas that run "old"; "new" comes up beside them.
App blue_green(const std::string& wanted) {
  auto made = app(wanted);
  made.spec.replicas = 2;
  made.spec.update->strategy = api::v1alpha1::UpdateStrategy::blue_green;
  made.status.machines = {machine("web-0", "old"), machine("web-0-green", ""),
                          machine("web-1", "old"), machine("web-1-green", "")};
  for (const size_t green : {1, 3}) {
    made.status.machines[green].slot = Slot::green;
    made.status.machines[green].ready = false;
  }
  return made;
}
// All of the set that does not serve has answered so long.
void arrive_beside(App& app, Duration ago) {
  for (auto& each : app.status.machines)
    if (each.slot != active_slot(app)) arrive(each, ago);
}

TEST(BlueGreen, GivesTheNewOneToTheOtherSetOnly) {
  auto update = blue_green("new");
  EXPECT_THAT(roll(update, kNow), IsEmpty());
  EXPECT_THAT(rollout_targets(update), ElementsAre("old", "new", "old", "new"));
  arrive_beside(update, 9s);
  EXPECT_THAT(roll(update, kNow), IsEmpty());
  EXPECT_EQ(active_slot(update), Slot::blue);
  EXPECT_FALSE(update.status.switched_at.has_value());
}

TEST(BlueGreen, SwitchesWhenAllHaveBaked) {
  auto update = blue_green("new");
  (void)roll(update, kNow);
  arrive_beside(update, 10s);
  const auto news = roll(update, kNow);
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_EQ(news[0].reason, "Switched");
  EXPECT_EQ(news[0].message, "revision 2 serves, in web-0-green, web-1-green");
  EXPECT_EQ(active_slot(update), Slot::green);
  EXPECT_EQ(update.status.current_revision, "new");
  EXPECT_EQ(update.status.switched_at, kNow);
  EXPECT_EQ(update.status.revisions[1].state, RevisionState::good);
  // The others go, and until they are gone nothing is begun in their place.
  EXPECT_THAT(roll(update, kNow), IsEmpty());
  EXPECT_THAT(rollout_targets(update), ElementsAre("old", "new", "old", "new"));
  update.status.revision = "newer";
  EXPECT_THAT(roll(update, kNow + 1h), IsEmpty());
  EXPECT_THAT(rollout_targets(update), ElementsAre("old", "new", "old", "new"));
  std::erase_if(update.status.machines, [](const auto& each) { return each.slot == Slot::blue; });
  EXPECT_THAT(roll(update, kNow + 1h), IsEmpty());
  EXPECT_FALSE(update.status.switched_at.has_value());
}

struct RolloutDoubt {
  const char* name;
  std::function<void(App&)> raise;
  bool held = false;
};

TEST(BlueGreen, SwitchesToNothingLess) {
  const std::vector<RolloutDoubt> doubts{
      {"one is missing", [](App& app) { app.status.machines.pop_back(); }},
      {"one more is wanted", [](App& app) { app.spec.replicas = 3; }},
      {"one is not needed any more", [](App& app) { app.spec.replicas = 1; }},
      {"one does not answer", [](App& app) { app.status.machines[3].ready = false; }},
      {"one cannot be seen", [](App& app) { app.status.machines[1].unknown_since = kNow; }},
      {"one runs something older", [](App& app) { app.status.machines[1].revision = "old"; }},
      {"it is suspended", [](App& app) { app.spec.suspend = true; }},
      {"what it depends on is away", [](App&) {}, true},
  };
  for (const auto& doubt : doubts) {
    auto update = blue_green("new");
    (void)roll(update, kNow);
    arrive_beside(update, 1h);
    doubt.raise(update);
    EXPECT_THAT(roll(update, kNow, doubt.held), IsEmpty()) << doubt.name;
    EXPECT_EQ(active_slot(update), Slot::blue) << doubt.name;
    EXPECT_EQ(update.status.current_revision, "old") << doubt.name;
  }
}

TEST(BlueGreen, WhatFailsLeavesTheOthersAlone) {
  auto update = blue_green("new");
  (void)roll(update, kNow);
  update.status.machines[3].failed_revision = "new";
  update.status.machines[3].message = "images: no such tag";
  auto held = update;
  held.spec.update->on_failure = api::v1alpha1::OnFailure::hold;
  const auto news = roll(update, kNow);
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_EQ(news[0].message,
            "revision 2 failed (web-1-green: images: no such tag): back to revision 1");
  EXPECT_EQ(update.status.failed_revision, "new");
  EXPECT_EQ(active_slot(update), Slot::blue);
  EXPECT_EQ(update.status.machines[0].target, "old");
  EXPECT_EQ(update.status.machines[0].well_since, kNow - 1h);
  EXPECT_THAT(roll(held, kNow), IsEmpty());
  EXPECT_EQ(held.status.failed_revision, "");
  EXPECT_EQ(active_slot(held), Slot::blue);
}

TEST(BlueGreen, ASpecThatChangesAgainIsForTheOtherSet) {
  auto update = blue_green("new");
  (void)roll(update, kNow);
  update.status.machines[1].failed_revision = "new";
  update.status.revision = "newer";
  EXPECT_THAT(roll(update, kNow), IsEmpty());
  EXPECT_THAT(rollout_targets(update), ElementsAre("old", "newer", "old", "newer"));
  update.status.revision = "old";
  EXPECT_THAT(roll(update, kNow), IsEmpty());
  EXPECT_EQ(active_slot(update), Slot::blue);
  EXPECT_THAT(update.status.machines[0].target, "old");
}

TEST(BlueGreen, WhatAnotherStrategyHasBegunIsNotDisturbed) {
  auto update = blue_green("new");
  update.status.machines[0] = machine("web-0", "new");
  update.status.machines[2].target = "new";
  update.status.machines[2].ready = false;
  (void)roll(update, kNow);
  EXPECT_THAT(rollout_targets(update), ElementsAre("new", "new", "old", "new"));
  // … and the other way round only the set that serves counts.
  update.spec.update->strategy = api::v1alpha1::UpdateStrategy::rolling;
  update.status.machines[1].failed_revision = "new";
  EXPECT_THAT(roll(update, kNow), IsEmpty());
  EXPECT_THAT(rollout_targets(update), ElementsAre("new", "new", "new", "new"));
}

TEST(BlueGreen, TheFirstRevisionComesUpWhereItServes) {
  auto first = blue_green("new");
  first.status.current_revision.clear();
  first.status.machines = {machine("web-0", ""), machine("web-1", "")};
  first.status.machines[0].ready = first.status.machines[1].ready = false;
  EXPECT_THAT(roll(first, kNow), IsEmpty());
  EXPECT_THAT(rollout_targets(first), ElementsAre("new", "new"));
  for (auto& each : first.status.machines) arrive(each, 10s);
  EXPECT_THAT(roll(first, kNow), SizeIs(1));
  EXPECT_EQ(active_slot(first), Slot::blue);
  EXPECT_EQ(first.status.current_revision, "new");
}

TEST(Revisions, AreReadBackWhole) {
  ResolvedWorkload workload;
  workload.packages = {"nginx-light=1.22"};
  guest::File file;
  file.path = "/etc/key";
  file.content = std::string("\x00\xff\n", 3);
  file.mode = 0640;
  file.group = "www-data";
  workload.files = {file};
  ResolvedCommand command;
  command.run = {"id", "wiki"};
  command.timeout = std::chrono::seconds(7);
  workload.commands = {command};
  ResolvedCompose compose;
  compose.project = "web";
  compose.text = "services: {}\n";
  compose.services = {"a"};
  compose.environment = "A=\"b\"\n";
  workload.compose = compose;
  workload.secrets = {file.content};
  workload.revision = "new";
  const auto secret = revision_secret(app("new"), 2, workload);
  EXPECT_EQ(secret.metadata.name, "web.r2");
  EXPECT_EQ(revision_of(secret), "new");
  const auto read = workload_of(secret);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->files[0].content, file.content);
  EXPECT_EQ(read->files[0].mode, 0640);
  EXPECT_EQ(read->files[0].group, "www-data");
  EXPECT_EQ(read->commands[0].run, command.run);
  EXPECT_EQ(read->commands[0].timeout, command.timeout);
  EXPECT_EQ(read->compose->environment, compose.environment);
  EXPECT_EQ(read->secrets, workload.secrets);
  EXPECT_EQ(read->packages, workload.packages);
  EXPECT_EQ(read->revision, "new");
}

TEST(Revisions, WhatIsDamagedIsNotQuoted) {
  auto secret = revision_secret(app("new"), 2, ResolvedWorkload());
  secret.data["workload"] = "cGFzc3dvcmQ9MQ==";
  EXPECT_EQ(message_of(workload_of(secret).status()), "Secret /web.r2 is damaged");
}

}  // namespace
}  // namespace gantry::controllers::app
