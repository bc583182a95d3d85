#include "tests/sim/daemon.h"

#include "pkg/base/check.h"

namespace gantry::sim {

using controllers::proxmoxcluster::SecretValues;

Result<std::unique_ptr<pve::Client>> LabConnector::connect(const api::v1alpha1::ProxmoxClusterSpec&,
                                                           const SecretValues& credentials) {
  auto client = lab_.client(controllers::proxmoxcluster::user_of(credentials));
  if (bugs_.empty()) return client;
  auto defective =
      std::make_unique<DefectiveClient>(bugs_, std::move(client), guests_, installation_);
  defective_ = defective.get();
  return defective;
}

Result<std::unique_ptr<guest::Channel>> LabConnector::open_channel(
    const api::v1alpha1::CommandChannel&, const SecretValues&) {
  return std::make_unique<UnreliableChannel>(lab_.channel(), faults_, clock_, random_);
}

namespace {

runtime::ManagerOptions manager_options(const std::string& holder) {
  runtime::ManagerOptions options;
  options.holder = holder;
  return options;
}

}  // namespace

Daemon::Daemon(DaemonDependencies the)
    : database_(the.disk),
      guests_(the.bugs, database_.guests()),
      store_(the.executor, database_.backend(), the.clock, the.random),
      environment_{store_, the.clock, the.random, counters_},
      events_(store_, the.clock, counters_, "gantryd"),
      connector_(the, database_.guests(), database_.installation()),
      manager_(environment_, database_.leases(), manager_options(the.holder)),
      connections_({the.executor, store_, database_.guests(), connector_, the.clock, the.random,
                    database_.installation(), [this] { return manager_.leadership().held(); }}),
      seen_({the.bugs, connections_, database_.guests(), the.clock,
             [this] { return connector_.defective(); }}),
      cluster_reconciler_({store_, database_.guests(), connections_, the.clock, events_}),
      class_reconciler_({store_, connections_, the.clock}),
      machine_reconciler_({store_, guests_, seen_, the.clock, events_}),
      app_reconciler_({store_, connections_, prober_, events_, the.clock, the.callbacks},
                      the.executor),
      appliance_reconciler_({store_, connections_, events_, the.clock}, the.executor),
      gc_reconciler_({store_, the.clock, events_}),
      clusters_("proxmoxcluster", controllers::proxmoxcluster::kClusters, cluster_reconciler_,
                environment_),
      classes_("machineclass", controllers::machineclass::kClasses, class_reconciler_,
               environment_),
      machines_("machine", controllers::machine::kMachines, machine_reconciler_, environment_),
      apps_("app", controllers::app::kApps, app_reconciler_, environment_),
      appliances_("appliance", controllers::appliance::kAppliances, appliance_reconciler_,
                  environment_),
      gc_("gc", gc_reconciler_, environment_) {
  cluster_reconciler_.connect(clusters_);
  class_reconciler_.connect(classes_);
  machine_reconciler_.connect(machines_);
  app_reconciler_.connect(apps_);
  appliance_reconciler_.connect(appliances_);
  gc_reconciler_.connect(gc_);
  machines_.with_concurrency(8);
  apps_.with_concurrency(8);
  for (auto* controller : {&clusters_, &classes_, &machines_, &apps_, &appliances_, &gc_}) {
    GANTRY_CHECK(manager_.add(*controller).ok());
  }
  manager_.add_service("events", [this] { return events_.run(); });
  manager_.add_service("connections", [this] { return connections_.run(); });
  manager_.add_service("bootstraps", [this] { return app_reconciler_.run(); });
}

Daemon::~Daemon() = default;

Status Daemon::gate() const {
  const auto cluster = connections_.find(ClusterName("home"));
  if (cluster == nullptr) return make_error(ErrorClass::transport, "not connected");
  return cluster->gate(true);
}

std::vector<std::string> Daemon::forgotten() const {
  std::vector<std::string> forgotten;
  for (const auto* controller : {&clusters_, &classes_, &machines_, &apps_, &appliances_}) {
    const store::Query all{controller->owns(), "", {}};
    for (const auto& record : store_.reader().list(all, {}).items) {
      const runtime::Request request{record->key.ns, record->key.name};
      if (!controller->queue().contains(request)) forgotten.push_back(to_string(record->key));
    }
  }
  return forgotten;
}

Async<Status> Daemon::run() {
  auto served = co_await serve();
  const bool killed = co_await async::is_cancelled();
  if (killed) {
    (void)co_await store_.abandon();
  } else {
    (void)co_await store_.stop();
  }
  co_return served;
}

Async<Status> Daemon::serve() {
  while (true) {
    const auto started = co_await store_.start();
    if (started.ok()) break;
    GANTRY_CO_TRY(co_await environment_.clock.sleep_for(std::chrono::seconds(2)));
  }
  co_return co_await manager_.run();
}

}  // namespace gantry::sim
