#pragma once
// The rules for metadata that hold for every kind (Kubernetes: apimachinery/pkg/api/validation).
#include "pkg/store/store.h"

namespace gantry::store {

// At most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit.
bool is_label_text(std::string_view text);
// The key of a label: "prefix.example.com/name" or "name".
bool is_qualified_name(std::string_view text);

// Name and namespace (RFC 1123; RBAC names may be any path segment), labels, annotations,
// finalizers, and the shape of metadata. Invalid with the field's path first:
// "metadata.labels: Invalid value: …".
Status check_metadata(const Key& key, const Json& object);

}  // namespace gantry::store
