#pragma once
// Daemon: one incarnation of gantryd's controllers, wired as cmd/gantryd wires them, over the
// simulated world. Destroying it leaves the store and the lab as they are.
#include <memory>
#include <string>

#include "controllers/machine/reconciler.h"
#include "controllers/machineclass/reconciler.h"
#include "controllers/proxmoxcluster/reconciler.h"
#include "pkg/lab/lab.h"
#include "pkg/runtime/manager.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::sim {

class LabConnector final : public controllers::proxmoxcluster::Connector {
 public:
  explicit LabConnector(lab::Lab& lab) : lab_(lab) {}
  Result<std::unique_ptr<pve::Client>> connect(
      const api::v1alpha1::ProxmoxClusterSpec& spec,
      const controllers::proxmoxcluster::SecretValues& credentials) override;
  Result<std::unique_ptr<guest::Channel>> open_channel(
      const api::v1alpha1::CommandChannel& spec,
      const controllers::proxmoxcluster::SecretValues& secret) override;

 private:
  lab::Lab& lab_;
};

struct DaemonDependencies {
  Executor executor;
  async::Clock& clock;
  Random& random;
  store::memory::Disk& disk;
  lab::Lab& lab;
  std::string holder;
};

class Daemon {
 public:
  explicit Daemon(DaemonDependencies dependencies);
  ~Daemon();

  // Runs until cancelled (as kill -9 would: nothing is drained, the store is abandoned) or until
  // stop() (gracefully).
  Async<Status> run();
  void stop() { manager_.stop(); }

 private:
  Async<Status> serve();

  store::memory::Database database_;
  store::CachedStore store_;
  runtime::NoInstruments instruments_;
  runtime::Environment environment_;
  runtime::EventRecorder events_;
  LabConnector connector_;
  runtime::Manager manager_;
  controllers::proxmoxcluster::Connections connections_;
  controllers::proxmoxcluster::Reconciler cluster_reconciler_;
  controllers::machineclass::Reconciler class_reconciler_;
  controllers::machine::Reconciler machine_reconciler_;
  runtime::Controller clusters_, classes_, machines_;
};

}  // namespace gantry::sim
