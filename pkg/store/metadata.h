#pragma once
// The rules for metadata that hold for every kind (Kubernetes: apimachinery/pkg/api/validation).
#include "pkg/store/store.h"

namespace gantry::store {

// Name and namespace (RFC 1123; RBAC names may be any path segment), labels, annotations,
// finalizers, and the shape of metadata. Invalid with the field's path first:
// "metadata.labels: Invalid value: …".
Status check_metadata(const Key& key, const Json& object);

}  // namespace gantry::store
