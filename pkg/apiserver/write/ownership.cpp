#include "pkg/apiserver/write/ownership.h"

#include <algorithm>

#include "pkg/schema/fields/typed.h"

namespace gantry::apiserver {

using schema::FieldSet;
using schema::ManagedEntry;
using schema::ManagedFields;
using schema::ManagerOperation;

namespace {

const FieldSet& not_ownable() {
  static const FieldSet fields = [] {
    FieldSet made;
    for (const auto* name : {"f:apiVersion", "f:kind", "f:metadata"}) made.insert({name});
    for (const auto* name : {"f:name", "f:namespace", "f:creationTimestamp", "f:selfLink", "f:uid",
                             "f:generation", "f:managedFields", "f:resourceVersion",
                             "f:deletionTimestamp", "f:deletionGracePeriodSeconds"})
      made.insert({"f:metadata", name});
    return made;
  }();
  return fields;
}

// Adds `fields` to the entry of `manager`, which is made when there is none; takes `gone` from it.
void give(ManagedFields& entries, const ManagedEntry& manager, const FieldSet& fields,
          const FieldSet& gone) {
  auto own = std::ranges::find_if(
      entries, [&](const ManagedEntry& entry) { return entry.same_manager(manager); });
  if (own == entries.end()) {
    entries.push_back(manager);
    own = entries.end() - 1;
    own->fields = {};
  }
  auto next = unite(subtract(own->fields, gone), fields);
  if (next == own->fields) return;
  own->fields = std::move(next);
  own->time = manager.time;
}

// Many short-lived programs with names of their own would make the account longer than the object.
void merge_oldest(ManagedFields& entries) {
  const auto is_update = [](const ManagedEntry& entry) {
    return entry.operation == ManagerOperation::update && entry.subresource.empty();
  };
  while (static_cast<size_t>(std::ranges::count_if(entries, is_update)) > kUpdateManagersMax) {
    sort_entries(entries);
    const auto oldest = std::ranges::find_if(entries, is_update);
    const auto second = std::find_if(oldest + 1, entries.end(), is_update);
    second->fields = unite(std::move(second->fields), oldest->fields);
    second->manager = kAncientChanges;
    entries.erase(oldest);
  }
}

}  // namespace

ManagedFields managed_fields_of(const Json& object) {
  const auto* list = object.find_path({"metadata", "managedFields"});
  if (list == nullptr) return {};
  auto entries = schema::parse_managed_fields(*list);
  return entries.ok() ? *std::move(entries) : ManagedFields();
}

void set_managed_fields(Json& object, const ManagedFields& entries) {
  object.member("metadata").set("managedFields", to_json(entries));
}

FieldSet ownable(FieldSet fields) {
  return subtract(std::move(fields), not_ownable());
}

ManagedFields track_update(const schema::TypeInfo& type, ManagedFields entries, const Json& before,
                           const Json& after, ManagedEntry manager) {
  const auto found = schema::compare({&type, nullptr}, before, after);
  const auto touched = ownable(unite(found.added, found.modified));
  if (touched.empty() && found.removed.empty()) return entries;
  const auto gone = unite(touched, found.removed);
  for (auto& entry : entries)
    if (!entry.same_manager(manager)) entry.fields = subtract(std::move(entry.fields), gone);
  give(entries, manager, touched, found.removed);
  std::erase_if(entries, [](const ManagedEntry& entry) { return entry.fields.empty(); });
  merge_oldest(entries);
  sort_entries(entries);
  return entries;
}

ManagedFields chosen_entries(const Json& current, const Json& given) {
  const auto* list = given.find_path({"metadata", "managedFields"});
  if (list == nullptr || !list->is_array() || list->size() == 0) return managed_fields_of(current);
  const auto& first = list->as_array().front();
  if (list->size() == 1 && first.is_object() && first.size() == 0) return {};
  auto entries = schema::parse_managed_fields(*list);
  return entries.ok() ? *std::move(entries) : managed_fields_of(current);
}

}  // namespace gantry::apiserver
