#include "controllers/proxmoxcluster/gate.h"

#include <gmock/gmock.h>

#include "pkg/base/testing.h"

namespace gantry::controllers::proxmoxcluster {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::StartsWith;

struct Scene {
  GateInputs inputs;
  inventory::Snapshot snapshot;
  inventory::VanishGuard guard;
  Scene() {
    inputs.mode = api::v1alpha1::ClusterMode::enforce;
    inputs.leading = true;
    inputs.now = from_unix_seconds(1'800'000'000);
    snapshot.cycle = 7;
    snapshot.steady_at = inputs.now - 5s;
    snapshot.complete = snapshot.quorate = snapshot.canary_passed = true;
  }
  Status judge() const { return judge_gate(inputs, snapshot, guard); }
};

TEST(Gate, IsOpenOnlyWhenEverythingIsKnownAndOurs) {
  EXPECT_THAT(Scene().judge(), IsOk());
  Scene observing;
  observing.inputs.mode = api::v1alpha1::ClusterMode::observe;
  EXPECT_THAT(observing.judge(), Fails(ErrorClass::held, StartsWith("ObserveMode: ")));
  Scene follower;
  follower.inputs.leading = false;
  EXPECT_THAT(follower.judge(), Fails(ErrorClass::held, StartsWith("NotLeading: ")));
  Scene fresh;
  fresh.snapshot.cycle = 0;
  EXPECT_THAT(fresh.judge(), Fails(ErrorClass::held, StartsWith("NotObserved: ")));
  Scene old;
  old.snapshot.steady_at = old.inputs.now - 2min;
  EXPECT_THAT(old.judge(), Fails(ErrorClass::held, StartsWith("StaleInventory: ")));
}

TEST(Gate, KeepsTheReasonAndCodeOfWhatMakesTheInventoryUntrustworthy) {
  Scene scene;
  scene.snapshot.quorate = false;
  scene.snapshot.problem = with_code(make_error(ErrorClass::held, "1/3 nodes"), "CON-010");
  EXPECT_THAT(scene.judge(), Fails(ErrorClass::held, StartsWith("NoQuorum: ")));
  EXPECT_EQ(catalogue_code(scene.judge()), "CON-010");
}

TEST(Gate, ClosesWhenManyAreGoneAtOnce) {
  Scene scene;
  scene.guard = {true, 20, 7};
  EXPECT_THAT(scene.judge(), Fails(ErrorClass::held, StartsWith("VanishGuard: 7 of our 20")));
  EXPECT_EQ(catalogue_code(scene.judge()), "SAF-001");
}

}  // namespace
}  // namespace gantry::controllers::proxmoxcluster
