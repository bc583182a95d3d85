#pragma once
// The App reconciler: Machines by count, workloads inside them, health, status.
#include <optional>
#include <string>
#include <vector>

#include "controllers/app/callbacks.h"
#include "controllers/app/health.h"
#include "controllers/app/jobs.h"
#include "controllers/app/plan.h"
#include "controllers/app/resolve.h"
#include "pkg/inventory/clusters.h"
#include "pkg/runtime/controller.h"
#include "pkg/runtime/events.h"
#include "pkg/runtime/reconciler.h"
#include "pkg/store/store.h"

namespace gantry::controllers::app {

inline const store::Resource kApps = "apps.gantry.dev";
inline const store::Resource kMachines = "machines.gantry.dev";

// When to look again: at what takes a moment, and at what somebody else has to do.
inline constexpr std::chrono::seconds kSoon{1};
inline constexpr std::chrono::seconds kWaiting{3};

// Everything it needs; all outlive it.
struct Dependencies {
  store::Store& store;
  const inventory::Clusters& clusters;
  Prober& prober;
  runtime::EventRecorder& events;
  async::Clock& clock;
  const CallbackOffer* callbacks = nullptr;  // none: containers are not told how to call back
};

// Owns the App's Machines (never their containers: those are the machine controller's). A reconcile
// looks through the texts of the namespace's Machines and decodes the App's own.
class Reconciler final : public runtime::Reconciler {
 public:
  Reconciler(Dependencies dependencies, Executor executor);
  Async<Result<runtime::Outcome>> reconcile(runtime::Request request) override;
  // The bootstraps' service; must run while reconciles do.
  Async<Status> run() { return jobs_.run(); }
  // Declares what else this controller looks at: its Machines, and what workloads refer to.
  void connect(runtime::Controller& controller);

 private:
  using App = api::v1alpha1::App;
  using AppMachine = api::v1alpha1::AppMachine;
  using Machine = api::v1alpha1::Machine;

  Async<Result<bool>> take_step(const App& app, const std::vector<Machine>& machines,
                                bool may_retire, std::string& blocked);
  Async<Status> take(const App& app, AddFinalizer step);
  Async<Status> take(const App& app, CreateMachine step);
  Async<Status> take(const App& app, UpdateMachine step);
  Async<Status> take(const App& app, DeleteMachine step);
  Async<Status> take(const App& app, RemoveFinalizer step);
  Async<Status> set_finalizer(const App& app, bool wanted);
  Async<Status> take(const App& app, Await step);

  // Keeps the revision that the spec asks for, and hands it out unless `held`.
  // `taken`: volumes that were on their way have arrived.
  Async<Status> move_on(App& app, const ResolvedWorkload& workload, bool held, bool taken);
  void roll_on(App& app, bool held, bool taken);
  Async<Status> keep_revision(App& app, const ResolvedWorkload& workload);
  // All but the newest `kept` and the current one go.
  Async<Status> forget_revisions(const App& app, size_t kept);
  // What a Machine with that target is to run: `wanted`, or what was kept of another revision.
  Result<ResolvedWorkload> workload_for(const App& app, const Result<ResolvedWorkload>& wanted,
                                        const std::string& target) const;

  // Looks at one Machine and moves its inside on. Fills in `shown`; answers when to look again.
  // What has never run there is not begun while `dependencies` are not OK.
  Async<Duration> advance(const App& app, const Machine& machine,
                          const Result<ResolvedWorkload>& workload, const Status& dependencies,
                          AppMachine& shown);
  Status dependencies_of(const App& app) const;
  // Its container, which may be changed as long as the cluster's gate is open.
  std::optional<Guest> guest_of(const inventory::ClusterPtr& cluster, const Machine& machine) const;
  inventory::ClusterPtr cluster_of(const Machine& machine, std::string& why) const;
  Duration start_bootstrap(const App& app, const inventory::ClusterPtr& cluster,
                           const Machine& machine, const ResolvedWorkload& workload,
                           AppMachine& shown);
  Async<Duration> check_health(const App& app, const Machine& machine,
                               const inventory::ClusterPtr& cluster,
                               const ResolvedWorkload& workload, AppMachine& shown);
  // Lets a container that is well be asked, now and then, whether it could call back.
  void look_for_reach(const Machine& machine, const inventory::ClusterPtr& cluster);
  void judge_reach(App& app, const std::vector<Machine>& owned);
  // Lets a container be asked what it listens on, while the proxy cannot connect to it.
  void look_for_listeners(const App& app, const Machine& machine,
                          const inventory::ClusterPtr& cluster);
  // What those that serve have answered; absent: none has.
  std::optional<std::set<int>> loopback_of(const App& app, const std::vector<Machine>& owned);
  Async<Status> write_status(const App& before, App& app);
  void tell(const App& app, const std::string& reason, const std::string& message,
            runtime::EventType type, const std::string& code = "");
  void tell_deeds(const App& app, const Machine& machine, Inside& inside);
  void tell_changes(const App& before, const App& after);

  Dependencies d_;
  Jobs jobs_;
};

}  // namespace gantry::controllers::app
