#pragma once
// CandidateCache: evaluates the selectors of a class once a cycle of the inventory, for all the
// Machines that look for a place.
#include <map>
#include <memory>
#include <string>

#include "pkg/inventory/placement/candidates.h"

namespace gantry::inventory::placement {

// One entry a class, which knows but does not keep its snapshot. Not thread-safe.
class CandidateCache {
 public:
  // As compile() and find_candidates(). Stays as it is until the next call.
  const Result<Candidates>& find(const api::v1alpha1::MachineClass& shape,
                                 const std::shared_ptr<const Snapshot>& snapshot);

 private:
  struct Entry {
    Uid uid;
    int64_t generation = 0;
    std::weak_ptr<const Snapshot> snapshot;
    Result<Candidates> candidates = internal("not evaluated");
  };
  std::map<std::string, Entry> entries_;  // by the class's name
};

}  // namespace gantry::inventory::placement
