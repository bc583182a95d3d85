#include "controllers/gc/owners.h"

#include <algorithm>

#include "api/kinds.h"
#include "pkg/base/search.h"
#include "pkg/schema/codec.h"
#include "pkg/store/object.h"
#include "pkg/store/reader.h"

namespace gantry::controllers::gc {

using api::meta::OwnerReference;

std::vector<OwnerReference> owner_references(const Json& object, bool* broken) {
  std::vector<OwnerReference> references;
  const auto* list = object.find_path({"metadata", "ownerReferences"});
  if (list == nullptr || !list->is_array()) return references;
  for (const auto& item : list->as_array()) {
    auto reference = schema::decode_stored<OwnerReference>(item);
    if (reference.ok())
      references.push_back(*std::move(reference));
    else if (broken != nullptr)
      *broken = true;
  }
  return references;
}

std::optional<store::Key> key_of_owner(const OwnerReference& reference, const std::string& ns) {
  const auto* kind = api::find_owner_kind(reference, ns);
  if (kind == nullptr) return std::nullopt;
  return store::Key{kind->resource(), kind->namespaced ? ns : "", reference.name};
}

Owner look_up(const store::Store& store, const OwnerReference& reference, const std::string& ns) {
  Owner owner{reference, Presence::unknown};
  const auto key = key_of_owner(reference, ns);
  if (!key || reference.uid.get().empty()) return owner;
  const auto found = store.get(*key);
  if (!found.ok() && error_class(found.status()) != ErrorClass::not_found) return owner;
  if (!found.ok() || (*found)->uid != reference.uid) {
    owner.presence = Presence::absent;
    return owner;
  }
  const auto& value = (*found)->value;
  const auto finalizers = store::finalizers_of(value);
  const bool waiting =
      !store::metadata_text(value, "deletionTimestamp").empty() &&
      std::ranges::find(finalizers, store::kForegroundFinalizer) != finalizers.end();
  owner.presence = waiting ? Presence::waiting : Presence::present;
  return owner;
}

std::vector<Dependent> dependents_of(store::Store& store, const store::Object& owner) {
  std::vector<Dependent> dependents;
  for (const auto& kind : api::all_kinds()) {
    if (!kind.stored || kind.kind == "Event" || (!kind.namespaced && !owner.key.ns.empty()))
      continue;
    store::Query all;
    all.resource = kind.resource();
    all.ns = owner.key.ns;
    for (const auto& record : store.reader().list(all, store::PageOf()).items) {
      // Most do not mention the owner: those are not worth decoding.
      if (!has_text(record->text, owner.uid.get())) continue;
      const auto object = store::decode(record);
      for (const auto& reference : owner_references(object->value)) {
        if (reference.uid != owner.uid) continue;
        dependents.push_back({object->key, reference.block_owner_deletion.value_or(false),
                              !store::metadata_text(object->value, "deletionTimestamp").empty()});
        break;
      }
    }
  }
  return dependents;
}

void Index::forget(const store::Key& key) {
  const auto known = owners_.find(key);
  if (known == owners_.end()) return;
  for (const auto& owner : known->second) {
    const auto dependents = dependents_.find(owner);
    if (dependents == dependents_.end()) continue;
    dependents->second.erase(key);
    if (dependents->second.empty()) dependents_.erase(dependents);
  }
  owners_.erase(known);
}

void Index::observe(const store::Change& change) {
  const auto& key = change.object->key;
  forget(key);
  if (change.type == store::ChangeType::deleted) return;
  for (const auto& reference : owner_references(change.object->value)) {
    owners_[key].push_back(reference.uid);
    dependents_[reference.uid].insert(key);
  }
}

std::vector<store::Key> Index::dependents_of(const Uid& owner) const {
  const auto found = dependents_.find(owner);
  if (found == dependents_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace gantry::controllers::gc
