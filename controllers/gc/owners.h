#pragma once
// owners: which objects own which, as the objects themselves say.
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "controllers/gc/plan.h"
#include "pkg/base/json.h"

namespace gantry::controllers::gc {

// metadata.ownerReferences; those that cannot be read are left out and make `broken` true.
std::vector<api::meta::OwnerReference> owner_references(const Json& object, bool* broken = nullptr);

// Where the owner would be, for an object in `ns`. nullopt when that cannot be told: a kind that is
// not served, or a namespaced owner of an object that has no namespace.
std::optional<store::Key> key_of_owner(const api::meta::OwnerReference& reference,
                                       const std::string& ns);

// Looks an owner up. The store answers from its cache: who acts on it calls Store::sync() before.
Owner look_up(const store::Store& store, const api::meta::OwnerReference& reference,
              const std::string& ns);

// All that name `owner`, but for Events, which expire by themselves. A namespaced owner has
// dependents in its own namespace only. O(objects there).
std::vector<Dependent> dependents_of(store::Store& store, const store::Object& owner);

// Remembers who owns whom, so that those of a deleted owner are found at once. What it misses is
// found by the next look at everything.
class Index {
 public:
  void observe(const store::Change& change);
  std::vector<store::Key> dependents_of(const Uid& owner) const;

 private:
  void forget(const store::Key& key);
  std::map<store::Key, std::vector<Uid>> owners_;
  std::map<Uid, std::set<store::Key>> dependents_;
};

}  // namespace gantry::controllers::gc
