#pragma once
// Reconciler: finds out where a MachineClass fits, and says so.
#include <map>
#include <string>

#include "controllers/machineclass/probe.h"
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

// Reads the inventory, and once a minute the template lists of the storages that the class allows.
// A class that is deleted stays for as long as Machines name it. A class that wants what only
// root@pam may set has a clone of its golden template tried, on a Machine of its own.
class Reconciler final : public runtime::Reconciler {
 public:
  explicit Reconciler(Dependencies dependencies)
      : the_(dependencies), started_at_(dependencies.clock.now()) {}
  Async<Result<runtime::Outcome>> reconcile(runtime::Request request) override;
  // Declares what else this controller looks at.
  void connect(runtime::Controller& controller);

 private:
  // The templates as found less than a minute ago, for one generation of a class.
  struct Known {
    int64_t generation = 0;
    Time read_at;
    Templates templates;
  };
  // The selectors of one generation of a class, read once.
  struct Compiled {
    Uid uid;
    int64_t generation = 0;
    Result<inventory::placement::Selectors> selectors = inventory::placement::Selectors();
  };
  Result<inventory::placement::Selectors> selectors_of(const MachineClass& shape);
  Async<Findings> look(MachineClass shape);
  ProbePlan plan_the_probe(const MachineClass& shape, const Findings& findings) const;
  // Why no clone can be tried now; empty: it can.
  std::string hindrance_of(const MachineClass& shape, const Findings& findings) const;
  Async<Status> take_probe_step(const MachineClass& shape, const ProbePlan& plan,
                                const Findings& findings);
  Async<Status> set_finalizer(const MachineClass& shape, bool wanted);
  diagnose::Diagnosis why_not_observed(const MachineClass& shape,
                                       const inventory::ClusterPtr& cluster) const;
  Async<Templates> known_templates(MachineClass shape, inventory::ClusterPtr cluster,
                                   inventory::placement::Candidates candidates);
  Async<Templates> find_templates(MachineClass shape, inventory::ClusterPtr cluster,
                                  inventory::placement::Candidates candidates);
  // Fills in the features of golden templates, a call each.
  Async<void> read_features(inventory::ClusterPtr cluster, Templates& golden);
  void count_machines(const MachineClass& shape, Findings& findings) const;
  void count_machine(const MachineClass& shape, const store::ObjectPtr& object,
                     Findings& findings) const;

  Dependencies the_;
  Time started_at_;
  std::map<std::string, Known> known_;  // by class
  std::map<std::string, Compiled> compiled_;
};

}  // namespace gantry::controllers::machineclass
