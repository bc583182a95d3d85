#pragma once
// Reconciler: observe, plan, guard, act, prove, for one Machine at a time.
#include <optional>
#include <string>

#include "controllers/machine/census.h"
#include "controllers/machine/plan.h"
#include "pkg/async/clock.h"
#include "pkg/inventory/clusters.h"
#include "pkg/inventory/placement/candidate_cache.h"
#include "pkg/runtime/controller.h"
#include "pkg/runtime/events.h"
#include "pkg/runtime/reconciler.h"
#include "pkg/store/guests.h"
#include "pkg/store/store.h"

namespace gantry::controllers::machine {

inline const store::Resource kMachines = "machines.gantry.dev";
inline const store::Resource kClasses = "machineclasses.gantry.dev";
inline const store::Resource kAppliances = "appliances.gantry.dev";
inline const store::Resource kClusters = "proxmoxclusters.gantry.dev";

// All outlive the reconciler.
struct Dependencies {
  store::Store& store;
  store::Guests& guests;
  const inventory::Clusters& clusters;
  async::Clock& clock;
  runtime::EventRecorder& events;
};

// Takes at most one step a time and never waits for a Proxmox task: it remembers the UPID. Every
// call that starts one is announced in the ledger before it is made.
class Reconciler final : public runtime::Reconciler {
 public:
  explicit Reconciler(Dependencies dependencies) : the_(dependencies) {}
  Async<Result<runtime::Outcome>> reconcile(runtime::Request request) override;

  // Declares what else this controller looks at.
  void connect(runtime::Controller& controller);

 private:
  // Wakes the Machines whose container looks different in a new cycle of the inventory, and all
  // when their cluster goes out of reach or is back.
  Async<Status> follow_inventories(runtime::Enqueue enqueue);
  // Keeps the numbers in the status of Machines that are well as fresh as is_worth_writing() asks,
  // from the inventories alone.
  Async<Status> follow_numbers();
  Async<Status> refresh(Uid uid, std::shared_ptr<const inventory::Snapshot> snapshot);

  // One reconcile's state.
  struct Run {
    runtime::Request request;
    Json object;                     // as stored
    api::v1alpha1::Machine before;   // the same
    api::v1alpha1::Machine machine;  // being worked on; only its status changes
    std::optional<api::v1alpha1::MachineClass> shape;
    std::vector<api::v1alpha1::Network> networks;  // as they are wanted, references included
    ClusterName cluster_name;
    inventory::ClusterPtr cluster;
    Observation world;
    Plan plan;
    const api::v1alpha1::MachineClass* shape_or_null() const { return shape ? &*shape : nullptr; }
  };

  void load_census();
  Status load_class(Run& run);
  // Follows its networks to their Appliances; from here on the run's Machine names their bridges.
  void attach_networks(Run& run) const;
  // Of its networks: what of them somebody else has goes into the run's world.
  Async<Status> claim_addresses(Run& run);
  // Where its row is; without one, where its class says.
  Async<Status> find_cluster(Run& run);
  // We have just started: its cluster is not connected yet, or its first cycle runs.
  bool not_observed_yet(const Run& run) const;
  // It waits for its turn on the nodes, and there is still none.
  bool still_throttled(Run& run);
  Async<Status> look(Run& run);
  Async<Status> look_at_peer(Run& run);
  Async<Status> look_at_guest_of(Run& run, store::GuestRow row);
  static Status why_out_of_reach(const Run& run);
  Async<Status> look_from_afar(Run& run);
  Async<Result<runtime::Outcome>> finish(Run& run);
  void note_in_census(const Run& run);
  void note_pressure(Run& run);
  static void note(CensusEntry& entry, const Run& run);
  Duration recheck_of(const Run& run) const;

  // Does what the plan says; changes the plan when that shows something new. An error is our own
  // database's; what Proxmox says goes into ledger and plan.
  Async<Status> take(Run& run);
  Async<Status> take_action(Run& run, const Create& action);
  Async<Status> take_action(Run& run, const Configure& action);
  Async<Status> take_action(Run& run, const Resize& action);
  Async<Status> take_action(Run& run, const TakeVolume& action);
  Async<Status> take_action(Run& run, const Migrate& action);
  Async<Status> take_action(Run& run, const Start& action);
  Async<Status> take_action(Run& run, const Shutdown& action);
  Async<Status> take_action(Run& run, const Stop& action);
  Async<Status> take_action(Run& run, const Destroy& action);
  Async<Status> take_action(Run& run, const TakeSnapshot& action);
  Async<Status> take_action(Run& run, const RemoveSnapshot& action);
  Async<Status> take_action(Run& run, const BackUp& action);
  Async<Status> take_action(Run& run, const RollBack& action);
  Async<Status> take_action(Run& run, const NoteRestore& action);
  Async<Status> take_action(Run& run, const RemoveUnfinished& action);
  Async<Status> take_action(Run& run, const AddFinalizer& action);
  Async<Status> take_action(Run& run, const Reserve& action);
  Async<Status> take_action(Run& run, const Adopt& action);
  Async<Status> take_action(Run& run, const NoteCreateTask& action);
  Async<Status> take_action(Run& run, const ForgetCreate& action);
  Async<Status> take_action(Run& run, const Renumber& action);
  Async<Status> take_action(Run& run, const Release& action);
  Async<Status> take_action(Run& run, const RemoveFinalizer& action);
  Async<Status> take_action(Run& run, const Nothing& action);

  // Announces the step, so that a crash after the call is seen as "asked, answer unknown".
  Async<Status> announce(Run& run, const std::string& step);
  void started(Run& run, const std::string& step, const Result<Upid>& task);
  void failed(Run& run, const std::string& step, const Status& why);
  // As started(); a failure is told of the snapshot alone.
  void snapshot_begun(Run& run, const std::string& name, const Result<Upid>& task);
  void lost(Run& run, const std::string& step, const Status& why);
  // Counts it against the budgets before anything is awaited, so that others who have looked at the
  // same time count it, too.
  void count_repair(Run& run);
  Async<Status> create_at(Run& run, inventory::placement::Place place);
  std::variant<inventory::placement::Place, inventory::placement::NoPlace> find_place(
      const Run& run);
  // An event when other storages would have done, too.
  void tell_choice(const Run& run, const inventory::placement::Place& place);
  // An event when an earlier process has left the container half made.
  void tell_resumed(const Run& run);
  static runtime::Subject subject_of(const api::v1alpha1::Machine& machine);
  Async<Status> set_finalizer(const Run& run, bool wanted);
  Async<Status> write_status(Run& run);

  Dependencies the_;
  Census census_;
  inventory::placement::CandidateCache candidates_;
  bool census_loaded_ = false;
};

}  // namespace gantry::controllers::machine
