#include "controllers/app/handover.h"

#include <algorithm>

#include "controllers/app/plan.h"
#include "controllers/app/slots.h"
#include "controllers/app/testing.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::app {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::App;
using api::v1alpha1::AppMachine;
using api::v1alpha1::DeletionPolicy;
using api::v1alpha1::HandoverRole;
using api::v1alpha1::Machine;
using api::v1alpha1::PowerState;
using api::v1alpha1::Slot;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

AppMachine shown(const char* name) {
  AppMachine machine;
  machine.name = name;
  machine.slot = slot_of(name);
  machine.node = "pve1";
  machine.vmid = 20000;
  return machine;
}

// "wiki-0" serves "old"; "wiki-0-green" has everything that "new" needs but its volume.
App prepared() {
  App app;
  app.metadata.name = "wiki";
  app.metadata.uid = Uid("u-1");
  app.metadata.generation = 2;
  app.metadata.finalizers = {kFinalizer};
  app.spec.volumes.emplace_back().path = "/srv/data";
  app.spec.update.emplace().strategy = api::v1alpha1::UpdateStrategy::blue_green;
  auto& status = app.status;
  status.revision = "new";
  status.current_revision = "old";
  for (const char* revision : {"old", "new"}) {
    auto& known = status.revisions.emplace_back();
    known.number = static_cast<int>(status.revisions.size());
    known.revision = revision;
  }
  status.machines = {shown("wiki-0"), shown("wiki-0-green")};
  auto& blue = status.machines[0];
  blue.ready = true;
  blue.revision = blue.target = "old";
  auto& green = status.machines[1];
  green.target = green.prepared = "new";
  green.step = "stopped";
  return app;
}
// Both stand still, and the volume goes to the new one.
App moving(Slot to = Slot::green) {
  auto app = prepared();
  EXPECT_THAT(roll(app, kNow), SizeIs(1));
  app.status.handover->stopped_at = kNow;
  app.status.handover->to = to;
  app.status.machines[0].ready = false;
  app.status.machines[0].step = "stopped";
  return app;
}
AppMachine& green_of(App& app) {
  return app.status.machines[1];
}
void answer(AppMachine& machine, const std::string& revision, Time since) {
  machine.ready = true;
  machine.revision = revision;
  machine.well_since = since;
}

struct HandoverDoubt {
  const char* name;
  std::function<void(App&)> raise;
  bool held = false;
};

TEST(Handover, BeginsOnceTheOtherSetWaitsForNothingElse) {
  const std::vector<HandoverDoubt> doubts{
      {"it is not prepared", [](App& app) { green_of(app).prepared = "older"; }},
      {"it has not stopped", [](App& app) { green_of(app).step = "stopping"; }},
      {"it cannot be seen", [](App& app) { green_of(app).unknown_since = kNow; }},
      {"what serves cannot be seen", [](App& app) { app.status.machines[0].unknown_since = kNow; }},
      {"one more is wanted", [](App& app) { app.spec.replicas = 2; }},
      {"what it depends on is away", [](App&) {}, true},
  };
  for (const auto& doubt : doubts) {
    auto app = prepared();
    doubt.raise(app);
    EXPECT_THAT(roll(app, kNow, doubt.held), IsEmpty()) << doubt.name;
    EXPECT_FALSE(app.status.handover.has_value()) << doubt.name;
  }
  auto app = prepared();
  const auto news = roll(app, kNow);
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_THAT(news[0].message, HasSubstr("the volumes go to wiki-0-green"));
  EXPECT_EQ(app.status.handover->to, Slot::green);
  EXPECT_FALSE(app.status.handover->stopped_at.has_value());
  EXPECT_TRUE(is_led_to(app, green_of(app)));
  EXPECT_EQ(active_slot(app), Slot::blue);
}

TEST(Handover, GivesEachItsPart) {
  const auto waits = wanted_machine(prepared(), 0, Slot::green);
  EXPECT_EQ(waits.spec.handover->role, HandoverRole::waits);
  EXPECT_EQ(waits.spec.handover->machine, "wiki-0");
  EXPECT_EQ(waits.spec.power_state, PowerState::stopped) << "it has been prepared";
  EXPECT_EQ(waits.spec.node, "pve1") << "where the volume is";
  EXPECT_FALSE(wanted_machine(prepared(), 0).spec.handover.has_value());
  for (const auto to : {Slot::green, Slot::blue}) {
    const auto app = moving(to);
    const auto takes = wanted_machine(app, 0, to);
    const auto gives = wanted_machine(app, 0, other(to));
    EXPECT_EQ(takes.spec.handover->role, HandoverRole::takes);
    EXPECT_EQ(takes.spec.power_state, PowerState::running);
    EXPECT_EQ(gives.spec.handover->role, HandoverRole::gives);
    EXPECT_EQ(gives.spec.power_state, PowerState::stopped);
  }
  auto changed = prepared();
  changed.status.revision = "newer";
  EXPECT_EQ(wanted_machine(changed, 0, Slot::green).spec.power_state, PowerState::running);
}

TEST(Handover, EndsWithTheSwitchWhenTheNewOneHasBaked) {
  auto app = moving();
  app.spec.update->bake = 10s;
  answer(green_of(app), "new", kNow);
  EXPECT_THAT(roll(app, kNow + 9s), IsEmpty());
  const auto news = roll(app, kNow + 10s);
  ASSERT_THAT(news, SizeIs(1));
  EXPECT_EQ(news[0].reason, "Switched");
  EXPECT_EQ(active_slot(app), Slot::green);
  EXPECT_FALSE(app.status.handover.has_value());
  // The pin to where the volume came from ends with it.
  auto stored = wanted_machine(moving(), 0, Slot::green);
  EXPECT_EQ(stored.spec.node, "pve1");
  auto blue = wanted_machine(moving(), 0);
  std::string blocked;
  const auto step = plan(app, {blue, stored}, blocked, false);
  ASSERT_TRUE(step && std::holds_alternative<UpdateMachine>(*step));
  EXPECT_FALSE(std::get<UpdateMachine>(*step).machine.spec.node.has_value());
  EXPECT_FALSE(std::get<UpdateMachine>(*step).machine.spec.handover.has_value());
}

TEST(Handover, TurnsBackWhenItFailsOrIsNotWantedAnyMore) {
  const std::vector<HandoverDoubt> doubts{
      {"it failed", [](App& app) { green_of(app).failed_revision = "new"; }},
      {"it was changed", [](App& app) { app.status.revision = "newer"; }},
      {"it is as before", [](App& app) { app.status.revision = "old"; }},
      {"it is suspended", [](App& app) { app.spec.suspend = true; }},
      {"another strategy",
       [](App& app) { app.spec.update->strategy = api::v1alpha1::UpdateStrategy::recreate; }},
  };
  for (const auto& doubt : doubts) {
    auto app = moving();
    doubt.raise(app);
    EXPECT_THAT(roll(app, kNow), SizeIs(1)) << doubt.name;
    EXPECT_EQ(app.status.handover->to, Slot::blue) << doubt.name;
    EXPECT_TRUE(wants_standby(app)) << doubt.name;
    EXPECT_THAT(roll(app, kNow), IsEmpty()) << doubt.name;
    answer(app.status.machines[0], "old", kNow);
    EXPECT_THAT(roll(app, kNow), IsEmpty()) << doubt.name;
    const auto news = roll(app, kNow, false, true);
    ASSERT_THAT(news, SizeIs(1)) << doubt.name;
    EXPECT_EQ(news[0].reason, "HandedBack");
    EXPECT_FALSE(app.status.handover.has_value());
    EXPECT_EQ(active_slot(app), Slot::blue);
  }
  // Nothing had been stopped: nothing has happened.
  auto early = prepared();
  (void)roll(early, kNow);
  early.status.revision = "newer";
  EXPECT_THAT(roll(early, kNow), SizeIs(1));
  EXPECT_FALSE(early.status.handover.has_value());
}

TEST(Handover, HasArrivedWhenWhoTakesSaysSoOfWhatItIsNow) {
  const auto app = moving(Slot::blue);
  auto blue = wanted_machine(app, 0);
  blue.metadata.generation = 3;
  auto& ready = blue.status.conditions.emplace_back();
  ready.type = "Ready";
  ready.status = api::meta::ConditionStatus::yes;
  ready.observed_generation = 2;
  EXPECT_FALSE(have_taken(app, {blue})) << "said of what it was before";
  ready.observed_generation = 3;
  EXPECT_TRUE(have_taken(app, {blue, wanted_machine(app, 0, Slot::green)}));
  blue.spec.handover.reset();
  EXPECT_FALSE(have_taken(app, {blue})) << "it was not told yet";
}

TEST(Handover, WhoNeverAnswersHasFailed) {
  auto app = moving();
  app.spec.health.emplace().startup = 20s;
  EXPECT_THAT(roll(app, kNow + 80s), IsEmpty());
  green_of(app).message = "no address";
  EXPECT_THAT(roll(app, kNow + 81s), SizeIs(1));
  EXPECT_EQ(app.status.failed_revision, "new");
  EXPECT_EQ(app.status.handover->to, Slot::blue);
}

TEST(Handover, NobodyGoesWhileVolumesAreOnTheirWay) {
  auto app = moving();
  app.spec.replicas = 0;
  const auto blue = wanted_machine(moving(), 0), green = wanted_machine(moving(), 0, Slot::green);
  std::string blocked;
  EXPECT_FALSE(plan(app, {blue, green}, blocked).has_value());
}

TEST(Handover, WhatHasGivenGoesWhateverTheDataDoes) {
  auto app = moving();
  answer(green_of(app), "new", kNow - 1h);
  EXPECT_THAT(roll(app, kNow), SizeIs(1));
  auto blue = wanted_machine(moving(), 0);
  EXPECT_EQ(blue.spec.deletion_policy, DeletionPolicy::retain);
  auto green = wanted_machine(app, 0, Slot::green);
  std::string blocked;
  const auto step = plan(app, {blue, green}, blocked, true);
  ASSERT_TRUE(step && std::holds_alternative<UpdateMachine>(*step));
  blue = std::get<UpdateMachine>(*step).machine;
  EXPECT_EQ(blue.spec.deletion_policy, DeletionPolicy::remove);
  EXPECT_EQ(blue.spec.handover->role, HandoverRole::gives) << "and with a volume it stays";
  const auto gone = plan(app, {blue, green}, blocked, true);
  ASSERT_TRUE(gone && std::holds_alternative<DeleteMachine>(*gone));
}

TEST(Handover, AnAppThatGoesLeavesTheDataWhereItIs) {
  auto app = moving();
  app.metadata.deletion_timestamp = kNow;
  auto green = wanted_machine(moving(), 0, Slot::green);
  green.status.vmid = 20001;
  green.status.power = "running";
  std::string blocked;
  const auto step = plan(app, {green}, blocked);
  ASSERT_TRUE(step && std::holds_alternative<UpdateMachine>(*step));
  const auto& left = std::get<UpdateMachine>(*step).machine;
  EXPECT_EQ(left.spec.deletion_policy, DeletionPolicy::retain);
  EXPECT_EQ(left.spec.power_state, PowerState::stopped);
  EXPECT_FALSE(left.spec.handover.has_value());
  app.spec.deletion.volumes = api::v1alpha1::VolumesOnDeletion::remove;
  const auto all = plan(app, {green}, blocked);
  ASSERT_TRUE(all && std::holds_alternative<UpdateMachine>(*all));
  EXPECT_EQ(std::get<UpdateMachine>(*all).machine.spec.deletion_policy, DeletionPolicy::remove);
}

TEST(Handover, WhatServesIsStoppedOnceEveryProxyHoldsRequests) {
  auto app = prepared();
  app.spec.expose = {{"wiki.lan", {}, {}}};
  (void)roll(app, kNow);
  api::v1alpha1::Appliance appliance;
  appliance.spec.network.proxy.emplace();
  appliance.status.leases.resize(2);
  appliance.status.leases[0].machine = "wiki-0";
  appliance.status.leases[0].address = "10.0.0.1";
  appliance.status.leases[1].machine = "wiki-0-green";
  appliance.status.leases[1].address = "10.0.0.2";
  auto& route = appliance.status.routes.emplace_back();
  route.host = "wiki.lan";
  route.app = "wiki";
  route.upstreams = {"10.0.0.1:80"};
  route.served_since = kNow;
  const auto stops = [&](const App& before) {
    auto after = before;
    note_turn(before, after, {appliance}, kNow);
    return after.status.handover->stopped_at.has_value();
  };
  EXPECT_FALSE(stops(app)) << "it leads to what serves";
  route.upstreams = {"10.0.0.2:80"};
  route.served_since.reset();
  EXPECT_FALSE(stops(app)) << "Caddy has not loaded it";
  route.served_since = kNow;
  EXPECT_TRUE(stops(app));
  // Not what nobody has stored yet: the Appliances cannot have seen it.
  auto after = app;
  note_turn(prepared(), after, {appliance}, kNow);
  EXPECT_FALSE(after.status.handover->stopped_at.has_value());
}

}  // namespace
}  // namespace gantry::controllers::app
