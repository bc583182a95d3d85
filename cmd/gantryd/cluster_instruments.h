#pragma once
// ClusterInstruments: what Proxmox answers, how fast, and how old what we know is, as metrics.
#include <map>
#include <set>

#include "controllers/proxmoxcluster/connections.h"
#include "pkg/inventory/clusters.h"
#include "pkg/metrics/metrics.h"

namespace gantry::daemon {

class ClusterInstruments final : public controllers::proxmoxcluster::CallInstruments {
 public:
  explicit ClusterInstruments(metrics::Registry& registry);
  void called(const ClusterName& cluster, const pve::EndedCall& call) override;
  // Forgets the series of that cluster; they begin anew when it is connected again.
  void closed(const ClusterName& cluster) override;
  // How the inventories are at `now` (steady): to be asked right before the values are shown.
  void look(const inventory::Clusters& clusters, Time now);

 private:
  metrics::Counter requests_;
  metrics::Histogram seconds_;
  metrics::Gauge age_, cycle_, trustworthy_;
  std::map<ClusterName, std::set<metrics::Labels>> counted_, timed_;
};

}  // namespace gantry::daemon
