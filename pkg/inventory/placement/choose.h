#pragma once
// choose: the node, storage and template of one new container. Pure.
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/v1alpha1/machineclass.h"
#include "api/v1alpha1/proxmoxcluster.h"
#include "pkg/inventory/placement/candidates.h"

namespace gantry::inventory::placement {

// What is on its way, or there already, besides what the inventory shows.
struct Load {
  std::map<NodeName, int> of_class;  // Machines of the class, those being created included
  std::map<NodeName, int> machines;  // all of ours
  std::map<NodeName, int> tasks;     // Proxmox tasks that run
  std::map<std::pair<NodeName, StorageId>, int> creates;  // that write to it
  std::map<NodeName, int> creates_somewhere;  // from there, to a storage that is not known
};

// A disk besides the root disk.
struct VolumeDemand {
  std::string name;
  int64_t bytes = 0;
  std::vector<StorageCandidate> candidates;  // by its own selector
};
struct Demand {
  int64_t memory = 0;  // bytes
  int64_t disk = 0;    // bytes
  std::vector<VolumeDemand> volumes;
  std::vector<std::string> bridges;
  std::optional<NodeName> node;  // pinned
};

// Where templates lie: from the status of the MachineClass.
struct TemplatePlace {
  NodeName node;
  std::string volid;           // an OS template …
  std::optional<VmId> golden;  // … or a golden container
};

struct Place {
  NodeName node;
  StorageId storage;
  TemplatePlace source;
  std::string message;     // what was chosen, and over what
  bool ambiguous = false;  // another storage of that node would have done, too
};
// The reason while there is a place and no turn: limits of tasks and creates at once.
inline constexpr const char* kThrottled = "Throttled";

struct NoPlace {
  std::string reason;  // CamelCase
  std::string code;
  std::string message;
  bool passes = false;  // ends by itself soon: something else runs
};

// Deterministic. Spread takes the node with the fewest Machines of the class, Pack the one with the
// most that still has room; then most free memory, then the name. The storage with the most space
// that leaves room for the volumes.
std::variant<Place, NoPlace> choose(const api::v1alpha1::Placement& rules,
                                    const api::v1alpha1::ClusterLimits& limits,
                                    const Demand& demand, const Load& load,
                                    const Candidates& candidates,
                                    const std::vector<TemplatePlace>& templates,
                                    const Snapshot& snapshot);

}  // namespace gantry::inventory::placement
