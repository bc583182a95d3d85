#include "pkg/inventory/placement/candidate_cache.h"

namespace gantry::inventory::placement {
namespace {

Result<Candidates> evaluate(const api::v1alpha1::MachineClassSpec& spec, const Snapshot& snapshot) {
  GANTRY_TRY_ASSIGN(const auto selectors, compile(spec));
  return find_candidates(selectors, snapshot);
}

}  // namespace

const Result<Candidates>& CandidateCache::find(const api::v1alpha1::MachineClass& shape,
                                               const std::shared_ptr<const Snapshot>& snapshot) {
  const auto& metadata = shape.metadata;
  auto& entry = entries_[metadata.name];
  const bool fresh = entry.uid == metadata.uid && entry.generation == metadata.generation &&
                     entry.snapshot.lock() == snapshot;
  if (!fresh) {
    entry = {metadata.uid, metadata.generation, snapshot, evaluate(shape.spec, *snapshot)};
  }
  return entry.candidates;
}

}  // namespace gantry::inventory::placement
