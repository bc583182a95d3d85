#pragma once
// Candidates: which nodes and storages of a cluster a MachineClass allows, and why not the others.
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/v1alpha1/machineclass.h"
#include "pkg/cel/selector.h"
#include "pkg/inventory/inventory.h"

namespace gantry::inventory::placement {

// The selectors of a class, compiled; an empty text selects everything.
struct Selectors {
  std::optional<cel::Selector> node, root_disk, template_source;
};
// Invalid with "spec.nodeSelector: line:column: …" and code CEL-003.
Result<Selectors> compile(const api::v1alpha1::MachineClassSpec& spec);

// Tri-state: what cannot be evaluated is no candidate, and says what was missing.
enum class Verdict { allowed, refused, unknown };
struct NodeCandidate {
  NodeName name;
  Verdict verdict = Verdict::unknown;
  std::string why;   // not allowed: in a few words
  std::string hint;  // none is allowed: what the selector probably meant
};
struct StorageCandidate {
  pve::StorageRow row;  // as seen from row.node
  Verdict verdict = Verdict::unknown;
  std::string why;
  std::string hint;
  // Refused only for what is on it: empty, it would be allowed.
  bool full = false;
};
// "'local-zsf' not found, did you mean 'local-zfs'?", when no candidate is allowed; else empty.
template <class Candidate>
std::string hint_of(const std::vector<Candidate>& candidates) {
  return candidates.empty() ? "" : candidates.front().hint;
}
// "local on pve1: 1.2 GiB free"
std::string describe_space(const pve::StorageRow& row);

struct Candidates {
  std::vector<NodeCandidate> nodes;          // by name
  std::vector<StorageCandidate> root_disks;  // by node, then name
  std::vector<StorageCandidate> template_sources;

  bool allows(const NodeName& node) const;
  // "1/3 nodes; pve1, pve2: node.memory.free not observed; …": those that are not allowed, by
  // reason.
  std::string explain_nodes() const;
  std::string explain_root_disks() const;
  // True when a storage for root disks is refused only for want of space, and none is allowed.
  bool are_full() const;
};

// Beside the selectors, a node must be online; a storage must be enabled and active and take
// root disks (templates, for template sources).
Candidates find_candidates(const Selectors& selectors, const Snapshot& snapshot);

// Storages that take containers' disks, judged by one selector; Invalid when that is no CEL.
Result<std::vector<StorageCandidate>> judge_disks(const std::string& selector,
                                                  const Snapshot& snapshot);

// A storage of a node for one more disk of a container.
struct DiskPlace {
  StorageId storage;
};
struct NoDiskPlace {
  std::string why;    // "local on pve1: 1.2 GiB free, 8.0 GiB needed; …"
  std::string hint;   // as a candidate's
  bool full = false;  // for want of space alone
};
// What other disks of the same container are about to take of a storage.
using Taken = std::map<StorageId, int64_t>;
// The one with the most space left, of those that are allowed and have `bytes`.
std::variant<DiskPlace, NoDiskPlace> find_disk(const std::vector<StorageCandidate>& candidates,
                                               int64_t bytes, const NodeName& node,
                                               const Taken& taken);

}  // namespace gantry::inventory::placement
