#include "controllers/machine/census.h"

#include <algorithm>

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

void add(inventory::placement::Load& load, const CensusEntry& entry, int by) {
  const auto& node = entry.node;
  load.machines[node] += by;
  if (entry.calling || !entry.task.get().empty()) load.tasks[node] += by;
  if (!entry.creating) return;
  if (entry.creating_on.has_value()) {
    load.creates[{node, *entry.creating_on}] += by;
  } else {
    load.creates_somewhere[node] += by;
  }
}

}  // namespace

void Census::count(const Uid& uid, const CensusEntry& entry, int by) {
  auto& sums = sums_[entry.cluster];
  sums.entries += by;
  if (entry.vmid.has_value()) sums.with_vmid += by;
  if (by < 0 || entry.repairs.empty()) {
    repaired_.erase(uid);
  } else {
    repaired_.insert(uid);
  }
  if (entry.node.get().empty()) return;
  add(sums.load, entry, by);
  sums.of_class[entry.machine_class][entry.node] += by;
  if (entry.task.get().empty()) return;
  auto& naming = sums.tasks[entry.task];
  naming += by;
  if (naming == 0) sums.tasks.erase(entry.task);
}

void Census::forget(const Uid& uid) {
  const auto it = entries_.find(uid);
  if (it == entries_.end()) return;
  count(uid, it->second, -1);
  entries_.erase(it);
}

const CensusEntry* Census::find(const Uid& uid) const {
  const auto it = entries_.find(uid);
  return it == entries_.end() ? nullptr : &it->second;
}

void Census::forget(const runtime::Request& request) {
  const auto it = std::ranges::find_if(
      entries_, [&request](const auto& entry) { return entry.second.request == request; });
  if (it != entries_.end()) forget(Uid(it->first));
}

size_t Census::size(const ClusterName& cluster) const {
  const auto sums = sums_.find(cluster);
  return sums == sums_.end() ? 0 : static_cast<size_t>(sums->second.with_vmid);
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
  const auto sums = sums_.find(cluster);
  const auto* own = find(self);
  const bool is_counted = own != nullptr && own->cluster == cluster && !own->node.get().empty();
  if (sums != sums_.end()) {
    load = sums->second.load;
    const auto of_class = sums->second.of_class.find(machine_class);
    if (of_class != sums->second.of_class.end()) load.of_class = of_class->second;
  }
  if (is_counted) {
    add(load, *own, -1);
    if (own->machine_class == machine_class) --load.of_class[own->node];
  }
  for (const auto& task : snapshot.running_tasks) {
    int naming = 0;
    if (sums != sums_.end() && sums->second.tasks.contains(task.upid)) {
      naming = sums->second.tasks.at(task.upid) - (is_counted && own->task == task.upid ? 1 : 0);
    }
    if (naming == 0) ++load.tasks[task.node];
  }
  return load;
}

Status Census::may_repair(const Uid& self, const api::v1alpha1::ClusterLimits& limits,
                          Time now) const {
  const auto* own = find(self);
  if (own == nullptr) return Status();
  const int of_object = repairs_since(*own, now - kObjectWindow);
  if (of_object >= limits.repairs_per_object_per_hour) return spent("object", of_object, "1h");
  const int owned = sums_.at(own->cluster).entries;
  int of_node = 0, of_cluster = 0;
  for (const auto& uid : repaired_) {
    const auto& entry = entries_.at(uid);
    if (entry.cluster != own->cluster) continue;
    const int recent = repairs_since(entry, now - kNodeWindow);
    of_cluster += recent;
    const auto& where = entry.repaired_on.get().empty() ? entry.node : entry.repaired_on;
    if (where == own->node) of_node += recent;
  }
  if (of_node >= limits.repairs_per_node) return spent("node", of_node, "10m");
  const int most = std::max(limits.disruptions_min, owned * limits.disruptions_percent / 100);
  if (of_cluster >= most) return spent("cluster", of_cluster, "10m");
  return Status();
}

}  // namespace gantry::controllers::machine
