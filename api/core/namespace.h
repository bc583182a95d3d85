#pragma once
#include <string>

#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api::core {

struct NamespaceSpec {
  std::vector<std::string> finalizers;
};
struct NamespaceStatus {
  std::string phase;  // Active, Terminating
};
// v1 Namespace: where names of namespaced objects are unique.
struct Namespace {
  std::string api_version = "v1";
  std::string kind = "Namespace";
  meta::ObjectMeta metadata;
  NamespaceSpec spec;
  NamespaceStatus status;
};

schema::TypeInfo describe(schema::Type<NamespaceSpec>);
schema::TypeInfo describe(schema::Type<NamespaceStatus>);
schema::TypeInfo describe(schema::Type<Namespace>);
meta::Kind namespace_kind();

}  // namespace gantry::api::core
