#pragma once
// What every object has: metav1 of Kubernetes, as much of it as we serve.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/ids.h"
#include "pkg/base/time.h"
#include "pkg/schema/schema.h"

namespace gantry::api::meta {

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  Uid uid;
  std::optional<bool> controller;
  std::optional<bool> block_owner_deletion;
};

// metadata.managedFields: the business of the API server alone. Reads as nothing, so that who
// writes an object back says nothing about it and the store keeps what it has.
struct Unread {};

struct ObjectMeta {
  std::string name;
  std::string generate_name;
  std::string ns;  // "namespace"; empty for cluster-scoped kinds
  Uid uid;
  std::string resource_version;
  int64_t generation = 0;
  std::optional<Time> creation_timestamp;
  std::optional<Time> deletion_timestamp;
  std::optional<int64_t> deletion_grace_period_seconds;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::vector<std::string> finalizers;
  std::vector<OwnerReference> owner_references;
  Unread managed_fields;
  std::string self_link;  // long gone from Kubernetes; read from old manifests, never set

  bool deleting() const { return deletion_timestamp.has_value(); }
};

// An object in the same namespace.
struct LocalObjectReference {
  std::string name;
};
// An object in any namespace; empty: the namespace of the object that refers to it.
struct NamespacedReference {
  std::string name;
  std::string ns;
};
// One key of a Secret or a ConfigMap in the same namespace.
struct KeyReference {
  std::string name;
  std::string key;
  bool optional = false;
};
// Where a value comes from; exactly one.
struct ValueSource {
  std::optional<KeyReference> secret_key_ref;
  std::optional<KeyReference> config_map_key_ref;
};

// metav1.ListMeta.
struct ListMeta {
  std::string resource_version;
  std::string continue_token;
  std::optional<int64_t> remaining_item_count;
};

schema::TypeInfo describe(schema::Type<OwnerReference>);
schema::TypeInfo describe(schema::Type<Unread>);
schema::TypeInfo describe(schema::Type<ObjectMeta>);
schema::TypeInfo describe(schema::Type<LocalObjectReference>);
schema::TypeInfo describe(schema::Type<NamespacedReference>);
schema::TypeInfo describe(schema::Type<KeyReference>);
schema::TypeInfo describe(schema::Type<ValueSource>);
schema::TypeInfo describe(schema::Type<ListMeta>);

}  // namespace gantry::api::meta
