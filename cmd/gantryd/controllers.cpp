#include "cmd/gantryd/controllers.h"

namespace gantry::daemon {
namespace {

using controllers::proxmoxcluster::ConnectionDependencies;

ConnectionDependencies connection_dependencies(const ControllerDependencies& d) {
  return {d.executor,           d.environment.store, d.guests,  d.connector, d.environment.clock,
          d.environment.random, d.installation,      d.leading, d.calls};
}

}  // namespace

Controllers::Controllers(ControllerDependencies d)
    : events_(d.environment.store, d.environment.clock, d.environment.instruments, "gantryd",
              d.events),
      connections_(connection_dependencies(d)),
      cluster_reconciler_(
          {d.environment.store, d.guests, connections_, d.environment.clock, events_}),
      class_reconciler_({d.environment.store, connections_, d.environment.clock}),
      machine_reconciler_(
          {d.environment.store, d.guests, connections_, d.environment.clock, events_}),
      app_reconciler_(
          {d.environment.store, connections_, d.prober, events_, d.environment.clock, d.callbacks},
          d.executor),
      appliance_reconciler_({d.environment.store, connections_, events_, d.environment.clock},
                            d.executor),
      gc_reconciler_({d.environment.store, d.environment.clock, events_}),
      cluster_("proxmoxcluster", controllers::proxmoxcluster::kClusters, cluster_reconciler_,
               d.environment),
      class_("machineclass", controllers::machineclass::kClasses, class_reconciler_, d.environment),
      machine_("machine", controllers::machine::kMachines, machine_reconciler_, d.environment),
      app_("app", controllers::app::kApps, app_reconciler_, d.environment),
      appliance_("appliance", controllers::appliance::kAppliances, appliance_reconciler_,
                 d.environment),
      gc_("gc", gc_reconciler_, d.environment) {
  cluster_reconciler_.connect(cluster_);
  class_reconciler_.connect(class_);
  machine_reconciler_.connect(machine_);
  app_reconciler_.connect(app_);
  appliance_reconciler_.connect(appliance_);
  gc_reconciler_.connect(gc_);
  machine_.with_concurrency(8);
  app_.with_concurrency(8);
}

Status Controllers::add_to(runtime::Manager& manager) {
  manager.add_service("events", [this] { return events_.run(); });
  manager.add_service("connections", [this] { return connections_.run(); });
  manager.add_service("bootstraps", [this] { return app_reconciler_.run(); });
  for (auto* controller : {&cluster_, &class_, &machine_, &app_, &appliance_, &gc_})
    GANTRY_TRY(manager.add(*controller));
  return {};
}

}  // namespace gantry::daemon
