#include "tests/sim/daemon.h"

#include "pkg/base/check.h"

namespace gantry::sim {

using controllers::proxmoxcluster::SecretValues;

Result<std::unique_ptr<pve::Client>> LabConnector::connect(const api::v1alpha1::ProxmoxClusterSpec&,
                                                           const SecretValues& credentials) {
  return lab_.client(controllers::proxmoxcluster::user_of(credentials));
}

namespace {

// A channel of one connection; the lab's own lives longer.
class LabChannel final : public guest::Channel {
 public:
  explicit LabChannel(guest::Channel& channel) : channel_(channel) {}
  Async<Result<guest::Exit>> exec(guest::Target target, guest::Command command,
                                  guest::OutputSink sink) override {
    return channel_.exec(std::move(target), std::move(command), std::move(sink));
  }
  Async<Status> push(guest::Target target, guest::File file) override {
    return channel_.push(std::move(target), std::move(file));
  }
  Async<Status> unlock(guest::Target target, Upid create_task) override {
    return channel_.unlock(std::move(target), std::move(create_task));
  }

 private:
  guest::Channel& channel_;
};

}  // namespace

Result<std::unique_ptr<guest::Channel>> LabConnector::open_channel(
    const api::v1alpha1::CommandChannel&, const SecretValues&) {
  return std::make_unique<LabChannel>(lab_.channel());
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
      store_(the.executor, database_.backend(), the.clock, the.random),
      environment_{store_, the.clock, the.random, instruments_},
      events_(store_, the.clock, instruments_, "gantryd"),
      connector_(the.lab),
      manager_(environment_, database_.leases(), manager_options(the.holder)),
      connections_({the.executor, store_, database_.guests(), connector_, the.clock, the.random,
                    database_.installation(), [this] { return manager_.leadership().held(); }}),
      cluster_reconciler_({store_, database_.guests(), connections_, the.clock, events_}),
      class_reconciler_({store_, connections_, the.clock}),
      machine_reconciler_({store_, database_.guests(), connections_, the.clock, events_}),
      clusters_("proxmoxcluster", controllers::proxmoxcluster::kClusters, cluster_reconciler_,
                environment_),
      classes_("machineclass", controllers::machineclass::kClasses, class_reconciler_,
               environment_),
      machines_("machine", controllers::machine::kMachines, machine_reconciler_, environment_) {
  cluster_reconciler_.connect(clusters_);
  class_reconciler_.connect(classes_);
  machine_reconciler_.connect(machines_);
  machines_.with_concurrency(8);
  for (auto* controller : {&clusters_, &classes_, &machines_}) {
    GANTRY_CHECK(manager_.add(*controller).ok());
  }
  manager_.add_service("events", [this] { return events_.run(); });
  manager_.add_service("connections", [this] { return connections_.run(); });
}

Daemon::~Daemon() = default;

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
