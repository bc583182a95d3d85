#include "pkg/apiserver/write/new_owners.h"

#include <algorithm>

#include "api/kinds.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/problem.h"
#include "pkg/store/object.h"

namespace gantry::apiserver {
namespace {

using api::meta::OwnerReference;

std::vector<OwnerReference> owners_of(const Json& object) {
  std::vector<OwnerReference> owners;
  const auto* list = object.find_path({"metadata", "ownerReferences"});
  if (list == nullptr || !list->is_array()) return owners;
  for (const auto& item : list->as_array()) {
    auto owner = schema::decode_stored<OwnerReference>(item);
    owners.push_back(owner.ok() ? *std::move(owner) : OwnerReference());
  }
  return owners;
}

bool exists(const store::Store& store, const OwnerReference& owner, const std::string& ns) {
  const auto* kind = api::find_owner_kind(owner, ns);
  if (kind == nullptr) return true;
  const auto found = store.get({kind->resource(), kind->namespaced ? ns : "", owner.name});
  return found.ok() && (*found)->uid == owner.uid;
}

}  // namespace

std::vector<Cause> check_new_owners(const store::Store& store, const Json& before,
                                    const Json& after) {
  std::vector<Cause> causes;
  const auto known = owners_of(before);
  const auto ns = store::metadata_text(after, "namespace");
  size_t index = 0;
  for (const auto& owner : owners_of(after)) {
    const auto path = schema::index_path("metadata.ownerReferences", index++);
    const bool is_new = std::ranges::find(known, owner.uid, &OwnerReference::uid) == known.end();
    if (!is_new || exists(store, owner, ns)) continue;
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: " + owner.kind + " \"" + owner.name + "\" with uid " +
                          owner.uid.get() +
                          " does not exist, and objects without an owner are deleted: leave the "
                          "reference out, or name an owner that exists",
                      path});
  }
  return causes;
}

}  // namespace gantry::apiserver
