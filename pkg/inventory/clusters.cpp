#include "pkg/inventory/clusters.h"

namespace gantry::inventory {

ClusterPtr find_holder(const Clusters& clusters, const Uid& machine, VmId vmid) {
  for (auto& cluster : clusters.all())
    if (cluster->inventory.sight(vmid).owner == machine) return cluster;
  return nullptr;
}

}  // namespace gantry::inventory
