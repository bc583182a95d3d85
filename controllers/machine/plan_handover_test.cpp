#include "controllers/machine/desired.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "controllers/machine/volumes.h"
#include "pkg/base/testing.h"
#include "pkg/pve/mark.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::DeletionPolicy;
using api::v1alpha1::HandoverRole;
using ::testing::HasSubstr;

constexpr const char* kVolume = "local:20001/vm-20001-disk-1.raw";

// "wiki-0-green" has all but its volume, which "wiki-0" has; both have stopped.
struct HandoverScene {
  Machine machine;
  MachineClass shape;
  Observation world;

  explicit HandoverScene(HandoverRole role = HandoverRole::takes) {
    machine.metadata.name = "wiki-0-green";
    machine.metadata.uid = Uid("6f0c0000-0000-4000-8000-000000000002");
    machine.metadata.finalizers = {kFinalizer};
    machine.status.steps = {{steps::kReady, StepState::done, {}, {}, "", 0, ""},
                            {steps::kCreate, StepState::done, {}, {}, "", 1, ""}};
    auto& volume = machine.spec.volumes.emplace_back();
    volume.name = "data";
    volume.path = "/srv/data";
    volume.size = schema::Quantity("8Gi");
    machine.spec.handover = api::v1alpha1::Handover{"wiki-0", role};
    world.now = from_unix_seconds(1'800'000'000);
    world.installation = "inst-1";
    world.user = "gantry@pve!daemon";
    world.snapshot = std::make_shared<inventory::Snapshot>();
    world.row = store::GuestRow{ClusterName("home"), VmId(20002), machine.metadata.uid,
                                "home/wiki-0-green", 1,           std::nullopt,
                                std::nullopt};
    auto& guest = world.guest;
    guest.occupant = Occupant::ours;
    guest.node = NodeName("pve1");
    guest.config.values = owned_settings(machine, shape);
    guest.config.values["rootfs"] = "local:20002/vm-20002-disk-0.raw,size=8G";
    guest.config.values["description"] =
        pve::to_description_line({world.installation, machine.metadata.uid, 1});
    guest.config.values["tags"] = pve::to_tag(machine.metadata.uid);
    guest.config.digest = "d2";
    guest.status = pve::GuestStatus{};
    auto& peer = world.peer.emplace();
    peer.uid = Uid("6f0c0000-0000-4000-8000-000000000001");
    peer.is_known = true;
    peer.vmid = VmId(20001);
    peer.node = NodeName("pve1");
    peer.config.digest = "d1";
    peer.config.values["mp0"] = std::string(kVolume) + ",mp=/srv/data,size=8G";
    peer.had = volumes_of(peer.config);
  }
  Plan step() { return plan(machine, &shape, world); }
  void has(const std::string& volid) {
    world.guest.config.values["mp0"] = volid + ",mp=/srv/data,size=8G";
  }
};

TEST(Handover, TakesTheVolumeOnceBothStandStill) {
  HandoverScene scene;
  const auto taken = scene.step();
  ASSERT_TRUE(std::holds_alternative<TakeVolume>(taken.action)) << taken.message;
  const auto& action = std::get<TakeVolume>(taken.action);
  EXPECT_EQ(action.from, scene.world.peer->uid);
  EXPECT_EQ(action.gift.from, VmId(20001));
  EXPECT_EQ(action.gift.from_key, "mp0");
  EXPECT_EQ(action.gift.from_digest, "d1");
  EXPECT_EQ(action.gift.to, VmId(20002));
  EXPECT_EQ(action.gift.to_digest, "d2");
  EXPECT_EQ(taken.step, "take");
  EXPECT_THAT(taken.message, HasSubstr(kVolume));
  // Then it starts.
  scene.has("local:20002/vm-20002-disk-1.raw");
  scene.world.peer.reset();
  EXPECT_TRUE(std::holds_alternative<Start>(scene.step().action));
}

TEST(Handover, WaitsUntilItCan) {
  struct Row {
    const char* name;
    std::function<void(HandoverScene&)> arrange;
    Situation situation;
    const char* text;
  };
  const Row rows[] = {
      {"the other runs", [](HandoverScene& s) { s.world.peer->running = true; }, Situation::waiting,
       "is to stop first"},
      {"the other is locked",
       [](HandoverScene& s) { s.world.peer->config.values["lock"] = "backup"; }, Situation::waiting,
       "is locked (backup)"},
      {"another node", [](HandoverScene& s) { s.world.peer->node = NodeName("pve2"); },
       Situation::held, "on one node only"},
      {"a snapshot holds it",
       [](HandoverScene& s) { s.world.peer->config.values["parent"] = "nightly"; }, Situation::held,
       "pct delsnapshot 20001 nightly"},
      {"the other cannot be read",
       [](HandoverScene& s) {
         s.world.peer->is_known = false;
         s.world.peer->why = "timeout";
       },
       Situation::unknown, "timeout"},
      {"neither has it", [](HandoverScene& s) { s.world.peer->config.values.erase("mp0"); },
       Situation::held, "pct rescan"},
      {"mounted nowhere",
       [](HandoverScene& s) {
         s.world.peer->config.values.erase("mp0");
         s.world.peer->had.clear();
         s.world.peer->config.values["unused0"] = kVolume;
       },
       Situation::held, "neither"},
  };
  for (const auto& row : rows) {
    HandoverScene scene;
    row.arrange(scene);
    const auto step = scene.step();
    EXPECT_EQ(step.situation, row.situation) << row.name << ": " << step.message;
    EXPECT_TRUE(is_nothing(step.action)) << row.name;
    EXPECT_THAT(step.message, HasSubstr(row.text)) << row.name;
  }
}

// The name that is left of it is of nothing, once the other has it.
TEST(Handover, WhatWasDetachedIsMountedAgainUnlessTheOtherHasIt) {
  for (const auto role : {HandoverRole::gives, HandoverRole::takes}) {
    HandoverScene scene(role);
    scene.machine.spec.power_state = api::v1alpha1::PowerState::stopped;
    scene.machine.status.volumes = {{"/srv/data", "mp0", "local:20002/vm-20002-disk-1.raw", "8G"}};
    scene.world.guest.config.values["unused0"] = "local:20002/vm-20002-disk-1.raw";
    EXPECT_FALSE(std::holds_alternative<Configure>(scene.step().action));
    scene.world.peer->config.values.erase("mp0");
    EXPECT_TRUE(std::holds_alternative<Configure>(scene.step().action));
    scene.world.peer->is_known = false;
    EXPECT_FALSE(std::holds_alternative<Configure>(scene.step().action));
  }
}

TEST(Handover, StopsItselfFirst) {
  HandoverScene scene;
  scene.world.guest.status->running = true;
  EXPECT_TRUE(std::holds_alternative<Shutdown>(scene.step().action));
}

TEST(Handover, AVolumeThatNobodyEverHadIsMade) {
  HandoverScene scene;
  scene.world.peer->config.values.erase("mp0");
  scene.world.peer->had.clear();
  EXPECT_THAT(scene.step().message, HasSubstr("no storage of pve1 for volume data"));
}

TEST(Handover, WhoWaitsRunsWithoutAndSaysEarlyWhatWillNotGo) {
  HandoverScene scene(HandoverRole::waits);
  EXPECT_TRUE(std::holds_alternative<Start>(scene.step().action));
  scene.world.peer->config.values["parent"] = "nightly";
  EXPECT_EQ(scene.step().reason, "VolumesInSnapshot");
  // What it cannot know keeps it from nothing.
  scene.world.peer->is_known = false;
  EXPECT_TRUE(std::holds_alternative<Start>(scene.step().action));
}

TEST(Handover, WhoGivesStaysUntilItHasNone) {
  for (const auto role : {HandoverRole::gives, HandoverRole::waits}) {
    for (const auto policy : {DeletionPolicy::remove, DeletionPolicy::retain}) {
      HandoverScene scene(role);
      scene.machine.metadata.deletion_timestamp = scene.world.now;
      scene.machine.spec.deletion_policy = policy;
      scene.has("local:20002/vm-20002-disk-1.raw");
      scene.world.guest.status->running = true;
      EXPECT_TRUE(std::holds_alternative<Shutdown>(scene.step().action));
      scene.world.guest.status->running = false;
      EXPECT_EQ(scene.step().reason, "HasVolumes");
      scene.world.guest.occupant = Occupant::unknown;
      EXPECT_EQ(scene.step().situation, Situation::unknown);
      scene.world.guest.occupant = Occupant::ours;
      scene.world.guest.config.values.erase("mp0");
      const auto last = scene.step();
      EXPECT_TRUE(std::holds_alternative<Destroy>(last.action) ||
                  std::holds_alternative<Release>(last.action));
    }
  }
}

TEST(Handover, ALostAnswerIsWaitedForBeforeItIsDestroyed) {
  HandoverScene scene;
  scene.machine.metadata.deletion_timestamp = scene.world.now;
  scene.machine.status.steps.push_back(
      {steps::kTake, StepState::running, scene.world.now - 1min, {}, "", 1, ""});
  EXPECT_EQ(scene.step().reason, "AnswerLost");
  scene.world.now += kUnclearSettle;
  EXPECT_TRUE(std::holds_alternative<Destroy>(scene.step().action));
}

}  // namespace
}  // namespace gantry::controllers::machine
