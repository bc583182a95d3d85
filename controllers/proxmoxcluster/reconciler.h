#pragma once
// Reconciler: connects clusters and says how they are.
#include "controllers/proxmoxcluster/connections.h"
#include "controllers/proxmoxcluster/report.h"
#include "pkg/runtime/controller.h"
#include "pkg/runtime/events.h"
#include "pkg/runtime/reconciler.h"

namespace gantry::controllers::proxmoxcluster {

inline const store::Resource kClusters = "proxmoxclusters.gantry.dev";
inline const store::Resource kSecrets = "secrets";

struct Dependencies {
  store::Store& store;
  store::Guests& guests;
  Connections& connections;
  async::Clock& clock;
  runtime::EventRecorder& events;
};

// A cluster keeps its finalizer for as long as containers of ours are on it.
class Reconciler final : public runtime::Reconciler {
 public:
  explicit Reconciler(Dependencies dependencies) : the_(dependencies) {}
  Async<Result<runtime::Outcome>> reconcile(runtime::Request request) override;
  // Declares what else this controller looks at.
  void connect(runtime::Controller& controller);

 private:
  using Cluster = api::v1alpha1::ProxmoxCluster;
  // Looks at a cluster as soon as a cycle of its inventory finds another problem, or none.
  Async<Status> follow_inventories(runtime::Enqueue enqueue);
  Status open(const Cluster& cluster);
  Result<SecretValues> read_secret(const api::meta::NamespacedReference& reference) const;
  Async<Result<Sight>> look(Cluster cluster, Status connection);
  Async<Status> set_finalizer(const Cluster& cluster, bool wanted);
  Async<Result<runtime::Outcome>> finish_deletion(Cluster cluster);
  void record_changes(const Cluster& before, const Cluster& after);

  Dependencies the_;
};

}  // namespace gantry::controllers::proxmoxcluster
