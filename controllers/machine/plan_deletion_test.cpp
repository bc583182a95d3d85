#include <gmock/gmock.h>

#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "controllers/machine/testing.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::machine {
namespace {

using ::testing::HasSubstr;

// Its container is proven gone, its id free; nothing of it was found where that could be read.
struct GoneScene {
  Machine machine;
  Observation world;

  GoneScene() {
    machine.metadata.uid = Uid("6f0c0000-0000-4000-8000-000000000001");
    machine.metadata.deletion_timestamp = kNow;
    begin_step(machine.status, steps::kCreate, kNow);
    finish_step(machine.status, steps::kCreate, kNow, "");
    world.now = kNow;
    world.snapshot = std::make_shared<inventory::Snapshot>();
    world.row = store::GuestRow{
        ClusterName("home"), VmId(20001), machine.metadata.uid, "default/web", 1, {}, {}};
    world.create_task.state = TaskState::succeeded;
    world.guest.occupant = Occupant::absent;
    world.vmid_free = true;
    world.leftovers = Leftovers{};
  }
  Plan planned() const { return plan_deletion({machine, nullptr, world}); }
  bool releases() const { return std::holds_alternative<Release>(planned().action); }
};

TEST(PlanDeletion, KeepsTheIdWhileAStorageIsOutOfReach) {
  GoneScene scene;
  EXPECT_TRUE(scene.releases());
  scene.world.leftovers->unread = {"local on pve2", "nfs"};
  EXPECT_EQ(scene.planned().situation, Situation::unknown);
  EXPECT_THAT(scene.planned().message, HasSubstr("storage local on pve2, nfs is out of reach"));
}

TEST(PlanDeletion, AsksNoStorageForWhatOurOwnDestroyHasRemovedOrWhatNeverWas) {
  GoneScene destroyed;
  destroyed.world.leftovers->unread = {"nfs"};
  begin_step(destroyed.machine.status, steps::kDestroy, kNow);
  finish_step(destroyed.machine.status, steps::kDestroy, kNow, "");
  EXPECT_TRUE(destroyed.releases());
  GoneScene never_made;
  never_made.world.leftovers->unread = {"nfs"};
  never_made.machine.status.steps.clear();
  EXPECT_TRUE(never_made.releases());
}

}  // namespace
}  // namespace gantry::controllers::machine
