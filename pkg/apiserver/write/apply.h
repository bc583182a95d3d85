#pragma once
// Server-side apply: what one manager wants of an object, merged with what others want.
#include <optional>
#include <string>
#include <vector>

#include "pkg/apiserver/request/status.h"
#include "pkg/apiserver/write/ownership.h"

namespace gantry::apiserver {

// A field of the configuration that somebody else has set otherwise.
struct FieldConflict {
  std::string manager;  // `"kubectl-replace" using gantry.dev/v1alpha1`, as it is told
  std::string path;     // ".spec.replicas"
};
// 409 with one cause a conflict (k8s.io/apimachinery/pkg/util/managedfields/internal/conflict.go).
ApiError apply_conflict(const std::vector<FieldConflict>& conflicts);

// What an apply comes to. With conflicts the object is not to be stored.
struct Applied {
  Json object;
  std::vector<FieldConflict> conflicts;
};

// `live` (empty object: there is none yet) with `config` of `manager` in it: its fields are merged
// in, those that it applied before and leaves out now go unless somebody else has them too. With
// `force` conflicting fields change hands. kubectl itself may take over what its client-side apply
// has set (by the last-applied annotation), which it keeps up to date. An apply that changes
// nothing answers `live` as it is, times included.
//
// kInvalid for configurations that cannot be merged: lists whose elements lack their key.
// sigs.k8s.io/structured-merge-diff merge/update.go.
Result<Applied> server_side_apply(const schema::TypeInfo& type, const Json& live, Json config,
                                  const schema::ManagedEntry& manager, bool force);

}  // namespace gantry::apiserver
