#include "controllers/machine/census.h"

#include <algorithm>
#include <set>

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;

constexpr auto kObjectWindow = 1h;
constexpr auto kNodeWindow = 10min;

int repairs_since(const CensusEntry& entry, Time since) {
  return static_cast<int>(
      std::ranges::count_if(entry.repairs, [since](Time repaired) { return repaired > since; }));
}

Status spent(std::string_view what, int count, std::string_view window) {
  return error(ErrorClass::held, "RepairBudget: %d disruptive repairs of this %s in %s", count,
               what, window);
}

}  // namespace

const CensusEntry* Census::find(const Uid& uid) const {
  const auto it = entries_.find(uid);
  return it == entries_.end() ? nullptr : &it->second;
}

void Census::forget(const runtime::Request& request) {
  std::erase_if(entries_,
                [&request](const auto& entry) { return entry.second.request == request; });
}

size_t Census::size(const ClusterName& cluster) const {
  return static_cast<size_t>(std::ranges::count_if(entries_, [&cluster](const auto& entry) {
    return entry.second.cluster == cluster && entry.second.vmid.has_value();
  }));
}

std::vector<Uid> Census::outdated(const ClusterName& cluster,
                                  const inventory::Snapshot& snapshot) const {
  std::vector<Uid> outdated;
  for (const auto& [uid, entry] : entries_) {
    if (entry.cluster != cluster || !entry.vmid.has_value() || !entry.well) continue;
    const auto row = snapshot.guests.find(*entry.vmid);
    if (row == snapshot.guests.end()) continue;
    if (is_worth_writing(entry.measured, usage_of(row->second), snapshot.observed_at)) {
      outdated.push_back(uid);
    }
  }
  return outdated;
}

inventory::placement::Load Census::load(const Uid& self, const ClusterName& cluster,
                                        const std::string& machine_class,
                                        const inventory::Snapshot& snapshot) const {
  inventory::placement::Load load;
  std::set<Upid> counted;
  for (const auto& [uid, entry] : entries_) {
    if (uid == self || entry.cluster != cluster || entry.node.get().empty()) continue;
    ++load.machines[entry.node];
    if (entry.machine_class == machine_class) ++load.of_class[entry.node];
    const bool works = entry.calling || !entry.task.get().empty();
    if (works) ++load.tasks[entry.node];
    if (!entry.task.get().empty()) counted.insert(entry.task);
    if (entry.creating && entry.creating_on.has_value()) {
      ++load.creates[{entry.node, *entry.creating_on}];
    } else if (entry.creating) {
      ++load.creates_somewhere[entry.node];
    }
  }
  for (const auto& task : snapshot.running_tasks) {
    if (!counted.contains(task.upid)) ++load.tasks[task.node];
  }
  return load;
}

Status Census::may_repair(const Uid& self, const api::v1alpha1::ClusterLimits& limits,
                          Time now) const {
  const auto* own = find(self);
  if (own == nullptr) return Status();
  const int of_object = repairs_since(*own, now - kObjectWindow);
  if (of_object >= limits.repairs_per_object_per_hour) return spent("object", of_object, "1h");
  int of_node = 0, of_cluster = 0, owned = 0;
  for (const auto& [uid, entry] : entries_) {
    if (entry.cluster != own->cluster) continue;
    ++owned;
    const int recent = repairs_since(entry, now - kNodeWindow);
    of_cluster += recent;
    if (entry.node == own->node) of_node += recent;
  }
  if (of_node >= limits.repairs_per_node) return spent("node", of_node, "10m");
  const int most = std::max(limits.disruptions_min, owned * limits.disruptions_percent / 100);
  if (of_cluster >= most) return spent("cluster", of_cluster, "10m");
  return Status();
}

}  // namespace gantry::controllers::machine
