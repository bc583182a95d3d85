#pragma once
#include <string>
#include <vector>

#include "api/rbac/role.h"

namespace gantry::api::rbac {

// Who: a User or Group by name, or a ServiceAccount in a namespace.
struct Subject {
  std::string kind;
  std::string api_group;
  std::string name;
  std::string ns;
  bool operator==(const Subject&) const = default;
};
struct RoleRef {
  std::string api_group;
  std::string kind;  // Role, ClusterRole
  std::string name;
  bool operator==(const RoleRef&) const = default;
};

struct RoleBinding {
  std::string api_version = "rbac.authorization.k8s.io/v1";
  std::string kind = "RoleBinding";
  Metadata metadata;
  std::vector<Subject> subjects;
  RoleRef role_ref;
};
struct ClusterRoleBinding {
  std::string api_version = "rbac.authorization.k8s.io/v1";
  std::string kind = "ClusterRoleBinding";
  Metadata metadata;
  std::vector<Subject> subjects;
  RoleRef role_ref;
};

schema::TypeInfo describe(schema::Type<Subject>);
schema::TypeInfo describe(schema::Type<RoleRef>);
schema::TypeInfo describe(schema::Type<RoleBinding>);
schema::TypeInfo describe(schema::Type<ClusterRoleBinding>);
meta::Kind role_binding_kind();
meta::Kind cluster_role_binding_kind();

}  // namespace gantry::api::rbac
