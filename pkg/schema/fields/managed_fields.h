#pragma once
// ManagedFields: who set which field of an object (metadata.managedFields).
#include <string>
#include <vector>

#include "pkg/base/time.h"
#include "pkg/schema/fields/field_set.h"

namespace gantry::schema {

enum class ManagerOperation { apply, update };

// metav1.ManagedFieldsEntry.
struct ManagedEntry {
  std::string manager;  // "kubectl-client-side-apply"
  ManagerOperation operation = ManagerOperation::update;
  std::string api_version;  // as which the manager saw the object
  Time time;                // when the set last changed
  std::string subresource;  // "status"; empty for the object itself
  FieldSet fields;

  bool same_manager(const ManagedEntry& other) const {
    return manager == other.manager && operation == other.operation &&
           api_version == other.api_version && subresource == other.subresource;
  }
  bool operator==(const ManagedEntry&) const = default;
};
using ManagedFields = std::vector<ManagedEntry>;

// As Kubernetes sorts them: appliers first, then by time, manager, version and subresource.
void sort_entries(ManagedFields& entries);

Json to_json(const ManagedFields& entries);
// kInvalid: "metadata.managedFields[1]: …".
Result<ManagedFields> parse_managed_fields(const Json& json);

}  // namespace gantry::schema
