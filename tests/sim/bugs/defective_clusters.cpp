#include "tests/sim/bugs/defective_clusters.h"

#include "pkg/base/text.h"
#include "pkg/pve/limited_client.h"

namespace gantry::sim {
namespace {

// Is that why it is held, and does nobody look?
bool overlooks(const Bugs& bugs, const Status& why) {
  const auto code = catalogue_code(why).value_or("");
  const auto is = [&](Bug bug) { return bugs.contains(bug); };
  if (is(Bug::skip_canary) && code == "CON-004") return true;
  if (is(Bug::skip_quorum) && code == "CON-010") return true;
  if (is(Bug::act_in_observe_mode) && starts_with(message_of(why), "ObserveMode")) return true;
  const bool is_incomplete = code == "CON-001" || code == "CON-006" || code == "CON-007";
  return is(Bug::trust_incomplete) && is_incomplete;
}

pve::Gate lenient(const Bugs& bugs, pve::Gate gate) {
  return [&bugs, gate = std::move(gate)](bool destructive) {
    auto verdict = gate(destructive);
    return !verdict.ok() && overlooks(bugs, verdict) ? Status() : verdict;
  };
}

class DefectiveInventory final : public inventory::Inventory {
 public:
  DefectiveInventory(inventory::Inventory& inventory, const DefectiveClient& client)
      : inventory_(inventory), client_(client) {}
  std::shared_ptr<const inventory::Snapshot> current() const override {
    return inventory_.current();
  }
  std::shared_ptr<const inventory::Snapshot> last_good() const override {
    return inventory_.last_good();
  }
  inventory::Sighting sight(VmId vmid) const override {
    auto sighting = inventory_.sight(vmid);
    if (!client_.is_thought_gone(vmid)) return sighting;
    sighting.presence = inventory::Presence::absent;
    return sighting;
  }
  inventory::VanishGuard vanish_guard() const override { return inventory_.vanish_guard(); }
  void poke() override { inventory_.poke(); }
  Async<Status> wait_for_next() override { return inventory_.wait_for_next(); }

 private:
  inventory::Inventory& inventory_;
  const DefectiveClient& client_;
};

}  // namespace

struct DefectiveClusters::Holding {
  Holding(const Dependencies& the, inventory::ClusterPtr held, pve::Ownership& ownership)
      : real(std::move(held)),
        inventory(real->inventory, *the.client()),
        limited(*the.client(), the.clock, pve::ClientLimits()),
        gate(lenient(the.bugs, real->gate)),
        writer(real->name, real->installation, limited, ownership, gate),
        cluster{real->name, real->installation, real->user, real->spec, inventory, limited,
                writer,     real->channel,      gate} {}
  inventory::ClusterPtr real;
  DefectiveInventory inventory;
  pve::LimitedClient limited;
  pve::Gate gate;
  pve::Writer writer;
  inventory::Cluster cluster;
};

DefectiveClusters::~DefectiveClusters() = default;

inventory::ClusterPtr DefectiveClusters::wrap(const inventory::ClusterPtr& real) const {
  if (real == nullptr || the_.bugs.empty()) return real;
  auto& holding = holdings_[real->name];
  if (holding == nullptr || holding->real != real) {
    holding = std::make_shared<Holding>(the_, real, ownership_);
  }
  return inventory::ClusterPtr(holding, &holding->cluster);
}

inventory::ClusterPtr DefectiveClusters::find(const ClusterName& name) const {
  return wrap(the_.clusters.find(name));
}

std::vector<inventory::ClusterPtr> DefectiveClusters::all() const {
  auto all = the_.clusters.all();
  for (auto& cluster : all) cluster = wrap(cluster);
  return all;
}

}  // namespace gantry::sim
