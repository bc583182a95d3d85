#include "pkg/inventory/placement/choose.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "pkg/base/text.h"

namespace gantry::inventory::placement {
namespace {

using api::v1alpha1::PlacementStrategy;

template <class Map, class Key>
int count_of(const Map& counts, const Key& key) {
  const auto it = counts.find(key);
  return it == counts.end() ? 0 : it->second;
}

// Why a node was passed over; the worst that applies to all of them is what people are told.
enum class Obstacle {
  selector,
  busy,
  full_node,
  memory,
  bridge,
  no_template,
  storage,
  storage_full
};

struct Rejection {
  Obstacle obstacle;
  std::string text;
  std::string hint{};  // what the selector probably meant
};
struct Fit {
  NodeName node;
  const StorageCandidate* storage = nullptr;
  const StorageCandidate* second = nullptr;  // the storage that would have been taken else
  TemplatePlace source;
  int of_class = 0;
  int machines = 0;
  int64_t memory_free = 0;
};
using Judged = std::variant<Fit, Rejection>;

class Chooser {
 public:
  Chooser(const api::v1alpha1::Placement& rules, const api::v1alpha1::ClusterLimits& limits,
          const Demand& demand, const Load& load, const Candidates& candidates)
      : rules_(rules), limits_(limits), demand_(demand), load_(load), candidates_(candidates) {}

  Judged judge(const NodeCandidate& node, const std::vector<TemplatePlace>& templates,
               const Snapshot& snapshot) const {
    if (demand_.node.has_value() && *demand_.node != node.name) {
      return Rejection{Obstacle::selector, "not the pinned one"};
    }
    if (node.verdict != Verdict::allowed) return Rejection{Obstacle::selector, node.why, node.hint};
    if (rules_.max_per_node > 0 && count_of(load_.of_class, node.name) >= rules_.max_per_node) {
      return Rejection{Obstacle::full_node, "maxPerNode"};
    }
    const auto& row = snapshot.nodes.at(node.name);
    const auto free = row.memory_total.value_or(0) - row.memory_used.value_or(0);
    if (row.memory_total.has_value() && free < demand_.memory) {
      return Rejection{Obstacle::memory, "memory"};
    }
    if (auto missing = missing_bridge(node.name, snapshot)) {
      return Rejection{Obstacle::bridge, "no bridge " + *missing};
    }
    const auto source = std::ranges::find(templates, node.name, &TemplatePlace::node);
    if (source == templates.end()) return Rejection{Obstacle::no_template, "no template"};
    const auto storage = pick_storage(node.name);
    if (const auto* rejection = std::get_if<Rejection>(&storage)) return *rejection;
    const auto& picked = std::get<Picked>(storage);
    if (count_of(load_.tasks, node.name) >= limits_.tasks_per_node) {
      return Rejection{Obstacle::busy, "tasksPerNode"};
    }
    return Fit{node.name,
               picked.best,
               picked.second,
               *source,
               count_of(load_.of_class, node.name),
               count_of(load_.machines, node.name),
               free};
  }

  // True when `a` is the better place.
  bool better(const Fit& a, const Fit& b) const {
    const bool pack = rules_.strategy == PlacementStrategy::pack;
    const auto rank = [pack](const Fit& fit) {
      const int sign = pack ? -1 : 1;
      return std::tuple(sign * fit.of_class, sign * fit.machines, -fit.memory_free, fit.node);
    };
    return rank(a) < rank(b);
  }

 private:
  // The storage with the most space, and the one with the most after it, if there is one.
  struct Picked {
    const StorageCandidate* best = nullptr;
    const StorageCandidate* second = nullptr;
  };

  std::optional<std::string> missing_bridge(const NodeName& node, const Snapshot& snapshot) const {
    const auto known = snapshot.bridges.find(node);
    if (known == snapshot.bridges.end()) return std::nullopt;
    for (const auto& bridge : demand_.bridges) {
      if (std::ranges::find(known->second, bridge) == known->second.end()) return bridge;
    }
    return std::nullopt;
  }

  std::optional<Rejection> judge_storage(const StorageCandidate& storage) const {
    const auto& row = storage.row;
    const auto name = row.id.get();
    if (storage.verdict != Verdict::allowed) {
      const auto obstacle = storage.full ? Obstacle::storage_full : Obstacle::storage;
      return Rejection{obstacle, "storage " + name + " on " + row.node.get() + ": " + storage.why,
                       storage.hint};
    }
    if (row.available.has_value() && *row.available < demand_.disk) {
      return Rejection{Obstacle::storage_full, "storage " + describe_space(row) + ", " +
                                                   human_bytes(demand_.disk) + " needed"};
    }
    if (creates_on(row) >= limits_.creates_per_storage) {
      return Rejection{Obstacle::busy, "createsPerStorage on " + name};
    }
    return std::nullopt;
  }

  // A shared storage is one, from whatever node it is written to.
  int creates_on(const pve::StorageRow& row) const {
    int creates = 0;
    for (const auto& [place, count] : load_.creates) {
      const bool same_node = row.shared || place.first == row.node;
      if (same_node && place.second == row.id) creates += count;
    }
    for (const auto& [node, count] : load_.creates_somewhere) {
      if (row.shared || node == row.node) creates += count;
    }
    return creates;
  }

  // Of several storages the one that comes nearest to being taken tells what is in the way: one
  // that was never meant must not hide that the right one is busy, or full.
  static int nearness(Obstacle obstacle) {
    if (obstacle == Obstacle::busy) return 2;
    return obstacle == Obstacle::storage_full ? 1 : 0;
  }

  // Whether the volumes have room on that node beside a root disk on `root`; each where it would be
  // put. Empty when they have.
  std::optional<Rejection> misses_room(const NodeName& node, const StorageId& root) const {
    Taken taken{{root, demand_.disk}};
    for (const auto& volume : demand_.volumes) {
      const auto found = find_disk(volume.candidates, volume.bytes, node, taken);
      if (const auto* none = std::get_if<NoDiskPlace>(&found)) {
        return Rejection{none->full ? Obstacle::storage_full : Obstacle::storage,
                         "storage for volume " + volume.name + ": " + none->why, none->hint};
      }
      taken[std::get<DiskPlace>(found).storage] += volume.bytes;
    }
    return std::nullopt;
  }

  std::variant<Picked, Rejection> pick_storage(const NodeName& node) const {
    Picked picked;
    Rejection why{Obstacle::storage, "no storage for root disks"};
    const auto roomier = [](const StorageCandidate& storage, const StorageCandidate* than) {
      return than == nullptr || storage.row.available.value_or(0) > than->row.available.value_or(0);
    };
    for (const auto& storage : candidates_.root_disks) {
      if (storage.row.node != node) continue;
      auto obstacle = judge_storage(storage);
      if (!obstacle.has_value()) obstacle = misses_room(node, storage.row.id);
      if (obstacle.has_value()) {
        if (nearness(obstacle->obstacle) >= nearness(why.obstacle)) why = *std::move(obstacle);
      } else if (roomier(storage, picked.best)) {
        picked.second = std::exchange(picked.best, &storage);
      } else if (roomier(storage, picked.second)) {
        picked.second = &storage;
      }
    }
    if (picked.best == nullptr) return why;
    return picked;
  }

  const api::v1alpha1::Placement& rules_;
  const api::v1alpha1::ClusterLimits& limits_;
  const Demand& demand_;
  const Load& load_;
  const Candidates& candidates_;
};

// Every node that the class allows has as many of it as it may.
NoPlace used_up(const std::vector<Rejection>& rejections, const api::v1alpha1::Placement& rules,
                const std::string& message) {
  const auto full = std::ranges::count(rejections, Obstacle::full_node, &Rejection::obstacle);
  const int64_t quota = int64_t{full} * rules.max_per_node;
  return {"ClassQuotaExceeded", "MC-004",
          absl::StrFormat("%d of %d used, maxPerNode is %d: %s", quota, quota, rules.max_per_node,
                          message),
          false};
}

// What people are told when no node is left.
NoPlace explain(const std::vector<Rejection>& rejections, const api::v1alpha1::Placement& rules) {
  std::map<std::string, int> reasons;
  std::set<Obstacle> obstacles;
  std::string hint;
  for (const auto& rejection : rejections) {
    ++reasons[rejection.text];
    obstacles.insert(rejection.obstacle);
    if (hint.empty()) hint = rejection.hint;
  }
  std::vector<std::string> parts;
  for (const auto& [text, count] : reasons) {
    const bool names_its_node = starts_with(text, "storage ");
    parts.push_back(names_its_node ? text : std::to_string(count) + " " + text);
  }
  const auto message = absl::StrFormat("0/%d nodes: %s", rejections.size(), join(parts, ", "));
  if (obstacles.contains(Obstacle::busy)) return {kThrottled, "CON-015", message, true};
  // Nodes and storages that were never meant do not hide what is wrong with those that were.
  obstacles.erase(Obstacle::selector);
  if (obstacles.contains(Obstacle::storage_full)) obstacles.erase(Obstacle::storage);
  const bool is_selectors = obstacles.empty() || obstacles == std::set{Obstacle::storage};
  if (is_selectors && !hint.empty()) {
    return {"UnknownName", "CEL-002", hint + " " + message, false};
  }
  if (obstacles.size() == 1) {
    switch (*obstacles.begin()) {
      case Obstacle::no_template:
        return {"TemplateMissing", "TPL-001", message, false};
      case Obstacle::storage_full:
        return {"StorageFull", "STO-001", message, false};
      case Obstacle::storage:
        return {"NoStorageMatches", "CEL-001", message, false};
      case Obstacle::bridge:
        return {"BridgeMissing", "MC-003", message, false};
      case Obstacle::full_node:
        return used_up(rejections, rules, message);
      default:
        break;
    }
  }
  return {"Unschedulable", "MC-003", message, false};
}

// "chose pve1 over pve2, storage local-zfs (96 GiB free) over local (40 GiB free)"
std::string choice_text(const std::vector<Fit>& fits) {
  const auto& best = fits.front();
  auto text = "chose " + best.node.get();
  if (fits.size() > 1) text += " over " + fits[1].node.get();
  text += ", storage " + best.storage->row.id.get();
  if (best.second == nullptr) return text;
  const auto free = [](const StorageCandidate& storage) {
    return human_bytes(storage.row.available.value_or(0)) + " free";
  };
  return text + absl::StrFormat(" (%s) over %s (%s)", free(*best.storage),
                                best.second->row.id.get(), free(*best.second));
}

}  // namespace

// All that counts, and no two of it belong together. NOLINTNEXTLINE(readability-function-size)
std::variant<Place, NoPlace> choose(const api::v1alpha1::Placement& rules,
                                    const api::v1alpha1::ClusterLimits& limits,
                                    const Demand& demand, const Load& load,
                                    const Candidates& candidates,
                                    const std::vector<TemplatePlace>& templates,
                                    const Snapshot& snapshot) {
  const Chooser chooser(rules, limits, demand, load, candidates);
  std::vector<Fit> fits;
  std::vector<Rejection> rejections;
  for (const auto& node : candidates.nodes) {
    auto judged = chooser.judge(node, templates, snapshot);
    if (auto* fit = std::get_if<Fit>(&judged)) {
      fits.push_back(std::move(*fit));
    } else {
      rejections.push_back(std::get<Rejection>(std::move(judged)));
    }
  }
  if (fits.empty()) return explain(rejections, rules);
  std::ranges::sort(fits, [&chooser](const Fit& a, const Fit& b) { return chooser.better(a, b); });
  const auto& best = fits.front();
  return Place{best.node, best.storage->row.id, best.source, choice_text(fits),
               best.second != nullptr};
}

}  // namespace gantry::inventory::placement
