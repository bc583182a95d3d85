#pragma once
// Controllers: all of them, built over the interfaces that they share.
#include "cmd/gantryd/prober.h"
#include "controllers/app/reconciler.h"
#include "controllers/appliance/reconciler.h"
#include "controllers/gc/reconciler.h"
#include "controllers/machine/reconciler.h"
#include "controllers/machineclass/reconciler.h"
#include "controllers/proxmoxcluster/reconciler.h"
#include "pkg/runtime/controller.h"
#include "pkg/runtime/events.h"
#include "pkg/runtime/manager.h"

namespace gantry::daemon {

struct ControllerDependencies {
  Executor executor;
  runtime::Environment environment;
  store::Guests& guests;
  controllers::proxmoxcluster::Connector& connector;
  controllers::app::Prober& prober;
  std::string installation;
  std::function<bool()> leading;
  runtime::EventLimits events = {};
  controllers::proxmoxcluster::CallInstruments* calls = nullptr;  // none: nobody measures
  const controllers::app::CallbackOffer* callbacks = nullptr;     // none: containers are not told
};

class Controllers {
 public:
  explicit Controllers(ControllerDependencies dependencies);
  // Controllers, and the services that they need.
  Status add_to(runtime::Manager& manager);
  const inventory::Clusters& clusters() const { return connections_; }

 private:
  runtime::EventRecorder events_;
  controllers::proxmoxcluster::Connections connections_;
  controllers::proxmoxcluster::Reconciler cluster_reconciler_;
  controllers::machineclass::Reconciler class_reconciler_;
  controllers::machine::Reconciler machine_reconciler_;
  controllers::app::Reconciler app_reconciler_;
  controllers::appliance::Reconciler appliance_reconciler_;
  controllers::gc::Reconciler gc_reconciler_;
  runtime::Controller cluster_;
  runtime::Controller class_;
  runtime::Controller machine_;
  runtime::Controller app_;
  runtime::Controller appliance_;
  runtime::Controller gc_;
};

}  // namespace gantry::daemon
