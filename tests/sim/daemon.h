#pragma once
// Daemon: one incarnation of gantryd's controllers, wired as cmd/gantryd wires them, over the
// simulated world. Destroying it leaves the store and the lab as they are.
#include <memory>
#include <string>

#include "controllers/app/reconciler.h"
#include "controllers/appliance/reconciler.h"
#include "controllers/gc/reconciler.h"
#include "controllers/machine/reconciler.h"
#include "controllers/machineclass/reconciler.h"
#include "controllers/proxmoxcluster/reconciler.h"
#include "pkg/lab/lab.h"
#include "pkg/runtime/manager.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"
#include "tests/sim/bugs/defective_clusters.h"
#include "tests/sim/bugs/defective_guests.h"
#include "tests/sim/channel.h"

namespace gantry::sim {

struct DaemonDependencies {
  Executor executor;
  async::Clock& clock;
  Random& random;
  store::memory::Disk& disk;
  lab::Lab& lab;
  const ChannelFaults& channel_faults;
  const Bugs& bugs;
  std::string holder;
  const controllers::app::CallbackOffer* callbacks = nullptr;
};

class LabConnector final : public controllers::proxmoxcluster::Connector {
 public:
  LabConnector(const DaemonDependencies& the, store::Guests& guests, std::string installation)
      : lab_(the.lab),
        faults_(the.channel_faults),
        clock_(the.clock),
        random_(the.random),
        bugs_(the.bugs),
        guests_(guests),
        installation_(std::move(installation)) {}
  Result<std::unique_ptr<pve::Client>> connect(
      const api::v1alpha1::ProxmoxClusterSpec& spec,
      const controllers::proxmoxcluster::SecretValues& credentials) override;
  Result<std::unique_ptr<guest::Channel>> open_channel(
      const api::v1alpha1::CommandChannel& spec,
      const controllers::proxmoxcluster::SecretValues& secret) override;
  // With a bug, the client of the newest connection.
  DefectiveClient* defective() const { return defective_; }

 private:
  lab::Lab& lab_;
  const ChannelFaults& faults_;
  async::Clock& clock_;
  Random& random_;
  const Bugs& bugs_;
  store::Guests& guests_;
  std::string installation_;
  DefectiveClient* defective_ = nullptr;
};

// Counts reconciles: in quiet they must be few.
class Counters final : public runtime::Instruments {
 public:
  void queue_depth(std::string_view, size_t) override {}
  void reconciled(std::string_view controller, std::string_view, Duration) override {
    ++reconciles_[std::string(controller)];
  }
  void leading(bool) override {}
  void event_written() override {}
  void event_dropped() override {}
  const std::map<std::string, uint64_t>& reconciles() const { return reconciles_; }

 private:
  std::map<std::string, uint64_t> reconciles_;
};

class Daemon {
 public:
  explicit Daemon(DaemonDependencies dependencies);
  ~Daemon();

  // Runs until cancelled (as kill -9 would: nothing is drained, the store is abandoned) or until
  // stop() (gracefully).
  Async<Status> run();
  void stop() { manager_.stop(); }

  // ---- for invariants ----
  // It believes that it leads.
  bool leads() const { return manager_.leadership().held(); }
  // Why nothing may be written to the cluster now; OK when writes may go out.
  Status gate() const;
  // Objects of kinds that it reconciles that it will never look at again by itself.
  std::vector<std::string> forgotten() const;
  const Counters& counters() const { return counters_; }

 private:
  Async<Status> serve();

  store::memory::Database database_;
  DefectiveGuests guests_;
  mutable store::CachedStore store_;  // nothing is decoded to see what is forgotten
  Counters counters_;
  runtime::Environment environment_;
  runtime::EventRecorder events_;
  LabConnector connector_;
  runtime::Manager manager_;
  controllers::proxmoxcluster::Connections connections_;
  DefectiveClusters seen_;
  controllers::proxmoxcluster::Reconciler cluster_reconciler_;
  controllers::machineclass::Reconciler class_reconciler_;
  controllers::machine::Reconciler machine_reconciler_;
  NoWayProber prober_;
  controllers::app::Reconciler app_reconciler_;
  controllers::appliance::Reconciler appliance_reconciler_;
  controllers::gc::Reconciler gc_reconciler_;
  runtime::Controller clusters_, classes_, machines_, apps_, appliances_, gc_;
};

}  // namespace gantry::sim
