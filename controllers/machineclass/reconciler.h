#pragma once
// Reconciler: finds out where a MachineClass fits, and says so.
#include "controllers/machineclass/report.h"
#include "pkg/async/clock.h"
#include "pkg/inventory/clusters.h"
#include "pkg/runtime/controller.h"
#include "pkg/runtime/reconciler.h"
#include "pkg/store/store.h"

namespace gantry::controllers::machineclass {

inline const store::Resource kClasses = "machineclasses.gantry.dev";
inline const store::Resource kMachines = "machines.gantry.dev";
inline const store::Resource kClusters = "proxmoxclusters.gantry.dev";

struct Dependencies {
  store::Store& store;
  const inventory::Clusters& clusters;
  async::Clock& clock;
};

// Reads the inventory, and the template lists of the storages that the class allows.
class Reconciler final : public runtime::Reconciler {
 public:
  explicit Reconciler(Dependencies dependencies) : the_(dependencies) {}
  Async<Result<runtime::Outcome>> reconcile(runtime::Request request) override;
  // Declares what else this controller looks at.
  void connect(runtime::Controller& controller);

 private:
  Async<Findings> look(MachineClass shape);
  Async<Templates> find_templates(MachineClass shape, inventory::ClusterPtr cluster,
                                  inventory::placement::Candidates candidates);
  void count_machines(const MachineClass& shape, Findings& findings) const;

  Dependencies the_;
};

}  // namespace gantry::controllers::machineclass
