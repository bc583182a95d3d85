#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api::rbac {

inline constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

// Names of RBAC objects may hold what fits into a segment of a path: "system:discovery".
struct Metadata : meta::ObjectMeta {};

// What may be done. "*" stands for all verbs, groups, resources ("*/status" for that subresource
// of all); a nonResourceURL may end in "*".
struct PolicyRule {
  std::vector<std::string> verbs;
  std::vector<std::string> api_groups;
  std::vector<std::string> resources;
  std::vector<std::string> resource_names;  // empty: all
  std::vector<std::string> non_resource_urls;
  bool operator==(const PolicyRule&) const = default;
};

struct LabelRequirement {
  std::string key;
  std::string op;  // In, NotIn, Exists, DoesNotExist
  std::vector<std::string> values;
};
struct LabelSelector {
  std::map<std::string, std::string> match_labels;
  std::vector<LabelRequirement> match_expressions;
};
struct AggregationRule {
  std::vector<LabelSelector> cluster_role_selectors;
};

struct Role {
  std::string api_version = "rbac.authorization.k8s.io/v1";
  std::string kind = "Role";
  Metadata metadata;
  std::vector<PolicyRule> rules;
};
struct ClusterRole {
  std::string api_version = "rbac.authorization.k8s.io/v1";
  std::string kind = "ClusterRole";
  Metadata metadata;
  std::vector<PolicyRule> rules;
  std::optional<AggregationRule> aggregation_rule;
};

// Whether labels are chosen by the selector; an empty one chooses all.
bool matches(const LabelSelector& selector, const std::map<std::string, std::string>& labels);

schema::TypeInfo describe(schema::Type<Metadata>);
schema::TypeInfo describe(schema::Type<PolicyRule>);
schema::TypeInfo describe(schema::Type<LabelRequirement>);
schema::TypeInfo describe(schema::Type<LabelSelector>);
schema::TypeInfo describe(schema::Type<AggregationRule>);
schema::TypeInfo describe(schema::Type<Role>);
schema::TypeInfo describe(schema::Type<ClusterRole>);
meta::Kind role_kind();
meta::Kind cluster_role_kind();

}  // namespace gantry::api::rbac
