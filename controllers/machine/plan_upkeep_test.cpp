#include "controllers/machine/desired.h"
#include "controllers/machine/plan_parts.h"
#include "pkg/base/testing.h"
#include "pkg/pve/mark.h"

namespace gantry::controllers::machine {
namespace {

// A container that runs as generation 3 of its class wants it; the class is at 4, with more cores.
struct Scene {
  Machine machine;
  MachineClass shape;
  Observation world;

  Scene() {
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
  Scene scene;
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
  Scene scene;
  scene.shape.spec.resources.cores = 1;
  EXPECT_EQ(scene.planned().situation, Situation::ready);
  EXPECT_EQ(scene.planned().code, "");
}

}  // namespace
}  // namespace gantry::controllers::machine
