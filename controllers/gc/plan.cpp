#include "controllers/gc/plan.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::controllers::gc {
namespace {

constexpr size_t kNamed = 5;  // of the dependents, in a message

bool has_finalizer(const Observed& observed, std::string_view name) {
  return std::ranges::find(observed.finalizers, name) != observed.finalizers.end();
}

bool any(const Observed& observed, Presence presence) {
  return std::ranges::find(observed.owners, presence, &Owner::presence) != observed.owners.end();
}

std::optional<Step> plan_deletion(const Observed& observed) {
  std::vector<store::Key> all, to_collect;
  bool blocked = false;
  for (const auto& dependent : observed.dependents) {
    all.push_back(dependent.key);
    if (!dependent.blocks) continue;
    blocked = true;
    if (!dependent.deleting) to_collect.push_back(dependent.key);
  }
  if (has_finalizer(observed, store::kOrphanFinalizer)) {
    if (all.empty()) return RemoveFinalizer{std::string(store::kOrphanFinalizer)};
    return Orphan{std::move(all)};
  }
  if (!has_finalizer(observed, store::kForegroundFinalizer)) return std::nullopt;
  if (!blocked) return RemoveFinalizer{std::string(store::kForegroundFinalizer)};
  if (to_collect.empty()) return std::nullopt;  // they are on their way
  return CollectDependents{std::move(to_collect)};
}

}  // namespace

std::optional<Step> plan(const Observed& observed) {
  if (observed.deleting) return plan_deletion(observed);
  if (observed.owners.empty() || any(observed, Presence::unknown)) return std::nullopt;
  if (any(observed, Presence::present)) {
    DropOwners drop;
    for (const auto& owner : observed.owners)
      if (owner.presence != Presence::present) drop.owners.push_back(owner.reference.uid);
    if (drop.owners.empty()) return std::nullopt;
    return drop;
  }
  Delete step;
  if (any(observed, Presence::waiting)) step.dependents = store::Dependents::foreground;
  return step;
}

std::string what_blocks(const Observed& observed) {
  auto text = "waits for " + join(observed.finalizers, ", ");
  std::vector<std::string> names;
  for (const auto& dependent : observed.dependents)
    if (names.size() < kNamed) names.push_back(store::to_string(dependent.key));
  if (names.empty()) return text;
  text += "; still there: " + join(names, ", ");
  if (observed.dependents.size() > kNamed)
    text += " and " + std::to_string(observed.dependents.size() - kNamed) + " more";
  return text;
}

}  // namespace gantry::controllers::gc
