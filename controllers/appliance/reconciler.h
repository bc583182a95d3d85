#pragma once
// The Appliance reconciler: bridge, Machine, leases, and what runs inside.
#include <optional>
#include <string>

#include "controllers/appliance/attached.h"
#include "controllers/appliance/jobs.h"
#include "controllers/appliance/plan.h"
#include "controllers/appliance/report.h"
#include "pkg/inventory/clusters.h"
#include "pkg/runtime/controller.h"
#include "pkg/runtime/events.h"
#include "pkg/runtime/reconciler.h"
#include "pkg/store/store.h"

namespace gantry::controllers::appliance {

inline const store::Resource kAppliances = "appliances.gantry.dev";
inline const store::Resource kMachines = "machines.gantry.dev";
inline const store::Resource kApps = "apps.gantry.dev";
inline const store::Resource kClasses = "machineclasses.gantry.dev";

// Everything it needs; all outlive it.
struct Dependencies {
  store::Store& store;
  const inventory::Clusters& clusters;
  runtime::EventRecorder& events;
  async::Clock& clock;
};

// Owns the Appliance's Machine (never its container: that is the machine controller's) and the
// table of leases in its status. A reconcile looks through the texts of all Machines and Apps and
// decodes those that may name an Appliance.
class Reconciler final : public runtime::Reconciler {
 public:
  Reconciler(Dependencies dependencies, Executor executor);
  Async<Result<runtime::Outcome>> reconcile(runtime::Request request) override;
  // Declares what else this controller looks at.
  void connect(runtime::Controller& controller);

 private:
  using Appliance = api::v1alpha1::Appliance;
  using Machine = api::v1alpha1::Machine;

  // One reconcile's state.
  struct Run {
    runtime::Request request;
    Appliance before, appliance;
    Everything everything;
    inventory::ClusterPtr cluster;
    Facts facts;
    LeaseTable table;
    Plan plan;
    InsideView inside;
    Duration recheck = std::chrono::seconds(2);
  };

  Result<Everything> read_everything() const;
  Status find_machine(Run& run) const;
  void find_cluster(Run& run) const;
  std::optional<NodeName> node_of(const Run& run) const;
  Async<void> look(Run& run);
  Async<void> look_at_bridge(Run& run, NodeName node);
  static Async<Result<std::vector<VmId>>> plugged_into(const Run& run, NodeName node);
  void give_leases(Run& run);
  // Does what the plan says; an error is our own database's.
  Async<Status> take(Run& run);
  Async<Status> take_step(Run& run, const AddFinalizer& step);
  Async<Status> take_step(Run& run, const ChangeBridge& step);
  Async<Status> take_step(Run& run, const CreateMachine& step);
  Async<Status> take_step(Run& run, const UpdateMachine& step);
  Async<Status> take_step(Run& run, const DeleteMachine& step);
  Async<Status> take_step(Run& run, const RemoveFinalizer& step);
  Async<Status> set_finalizer(const Run& run, bool wanted);
  // Where its bridge is about to be made, before it is.
  Async<Status> note_bridge(Run& run);
  // Looks at what runs inside, and starts a turn when one is due.
  void look_inside(Run& run);
  void start_turn(Run& run, Inside& inside, std::string container, std::string text);
  Async<Status> write_status(Run& run);
  void tell(const Run& run);

  Dependencies d_;
  Jobs jobs_;
  runtime::Enqueue enqueue_;
};

}  // namespace gantry::controllers::appliance
