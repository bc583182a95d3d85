#pragma once
// DefectiveClusters: connected clusters behind a gate that overlooks something.
#include <functional>
#include <map>
#include <memory>

#include "controllers/proxmoxcluster/ownership.h"
#include "pkg/async/clock.h"
#include "pkg/inventory/clusters.h"
#include "tests/sim/bugs/bugs.h"
#include "tests/sim/bugs/defective_client.h"

namespace gantry::sim {

// What is referred to outlives it. `client`: that of the newest connection.
class DefectiveClusters final : public inventory::Clusters {
 public:
  struct Dependencies {
    const Bugs& bugs;
    const inventory::Clusters& clusters;
    store::Guests& guests;
    async::Clock& clock;
    std::function<DefectiveClient*()> client;
  };
  explicit DefectiveClusters(Dependencies dependencies)
      : the_(std::move(dependencies)), ownership_(the_.guests) {}
  ~DefectiveClusters() override;

  inventory::ClusterPtr find(const ClusterName& name) const override;
  std::vector<inventory::ClusterPtr> all() const override;

 private:
  struct Holding;
  inventory::ClusterPtr wrap(const inventory::ClusterPtr& real) const;
  Dependencies the_;
  mutable controllers::proxmoxcluster::RowOwnership ownership_;
  mutable std::map<ClusterName, std::shared_ptr<Holding>> holdings_;
};

}  // namespace gantry::sim
