#include "api/rbac/role.h"

#include <algorithm>

namespace gantry::api::rbac {

using namespace schema;

TypeInfo describe(Type<Metadata>) {
  TypeInfo info = describe(Type<meta::ObjectMeta>{});
  for (auto& field : info.fields)
    if (field.name == "name") field.format = &format::path_segment;
  return info;
}

namespace {

Problems check_rule(const PolicyRule& rule) {
  Problems problems;
  const bool paths = !rule.non_resource_urls.empty();
  const bool resources =
      !rule.resources.empty() || !rule.api_groups.empty() || !rule.resource_names.empty();
  if (paths && resources)
    problems.push_back({"nonResourceURLs", Reason::invalid,
                        "rules cannot apply to both regular resources and non-resource URLs"});
  if (!paths && rule.api_groups.empty())
    problems.push_back({"apiGroups", Reason::required,
                        "resource rules must supply at least one api group (\"\" is the core)"});
  if (!paths && rule.resources.empty())
    problems.push_back(
        {"resources", Reason::required, "resource rules must supply at least one resource"});
  return problems;
}

Problems check_requirement(const LabelRequirement& requirement) {
  const bool sets = requirement.op == "In" || requirement.op == "NotIn";
  const bool exists = requirement.op == "Exists" || requirement.op == "DoesNotExist";
  if (!sets && !exists)
    return {{"operator", Reason::not_supported, "must be In, NotIn, Exists or DoesNotExist"}};
  if (sets == requirement.values.empty())
    return {{"values", Reason::invalid,
             sets ? "must be given with In and NotIn" : "must not be given with Exists"}};
  return {};
}

bool holds(const LabelRequirement& requirement, const std::map<std::string, std::string>& labels) {
  const auto label = labels.find(requirement.key);
  const bool there = label != labels.end();
  if (requirement.op == "Exists") return there;
  if (requirement.op == "DoesNotExist") return !there;
  const bool in =
      there && std::ranges::find(requirement.values, label->second) != requirement.values.end();
  return requirement.op == "In" ? in : requirement.op == "NotIn" && !in;
}

}  // namespace

TypeInfo describe(Type<PolicyRule>) {
  return checked<PolicyRule, &check_rule>(object<PolicyRule>(
      "PolicyRule", "What may be done with what.",
      {
          field<&PolicyRule::verbs>("verbs",
                                    "get, list, watch, create, update, patch, delete, …; *.",
                                    required, Items{1, 100}, Length{1, 253}),
          field<&PolicyRule::api_groups>("apiGroups", "Groups of the resources; \"\" is the core.",
                                         Items{0, 100}),
          field<&PolicyRule::resources>("resources", "Plurals, also `apps/status`; *.",
                                        Items{0, 1000}, Length{1, 253}),
          field<&PolicyRule::resource_names>("resourceNames", "Only the objects of these names.",
                                             Items{0, 1000}),
          field<&PolicyRule::non_resource_urls>(
              "nonResourceURLs", "Paths that are no resources, such as /metrics; * at the end.",
              Items{0, 100}, Length{1, 1000}),
      }));
}

TypeInfo describe(Type<LabelRequirement>) {
  return checked<LabelRequirement, &check_requirement>(object<LabelRequirement>(
      "LabelRequirement", "What must hold for one label.",
      {
          field<&LabelRequirement::key>("key", "The label.", required, format::qualified_name),
          field<&LabelRequirement::op>("operator", "In, NotIn, Exists or DoesNotExist.", required),
          field<&LabelRequirement::values>("values", "For In and NotIn."),
      }));
}

TypeInfo describe(Type<LabelSelector>) {
  return object<LabelSelector>(
      "LabelSelector", "Chooses objects by their labels; all must hold.",
      {
          field<&LabelSelector::match_labels>("matchLabels", "Labels with these values.",
                                              format::label_value, Keys{format::qualified_name}),
          field<&LabelSelector::match_expressions>("matchExpressions", "Further requirements."),
      });
}

TypeInfo describe(Type<AggregationRule>) {
  return object<AggregationRule>(
      "AggregationRule", "ClusterRoles whose rules count as this one's too.",
      {field<&AggregationRule::cluster_role_selectors>(
          "clusterRoleSelectors", "Those that one of these chooses.", Items{1, 100})});
}

TypeInfo describe(Type<Role>) {
  return object<Role>("Role", "What may be done in one namespace.",
                      {
                          field<&Role::api_version>("apiVersion", "rbac.authorization.k8s.io/v1."),
                          field<&Role::kind>("kind", "Role."),
                          field<&Role::metadata>("metadata", "What every object has."),
                          field<&Role::rules>("rules", "What may be done.", Items{0, 1000}),
                      });
}

TypeInfo describe(Type<ClusterRole>) {
  return object<ClusterRole>(
      "ClusterRole", "What may be done everywhere, or where a RoleBinding says.",
      {
          field<&ClusterRole::api_version>("apiVersion", "rbac.authorization.k8s.io/v1."),
          field<&ClusterRole::kind>("kind", "ClusterRole."),
          field<&ClusterRole::metadata>("metadata", "What every object has."),
          field<&ClusterRole::rules>("rules", "What may be done.", Items{0, 1000}),
          field<&ClusterRole::aggregation_rule>(
              "aggregationRule", "Other ClusterRoles whose rules count as this one's too."),
      });
}

bool matches(const LabelSelector& selector, const std::map<std::string, std::string>& labels) {
  for (const auto& [key, value] : selector.match_labels) {
    const auto label = labels.find(key);
    if (label == labels.end() || label->second != value) return false;
  }
  return std::ranges::all_of(selector.match_expressions,
                             [&](const auto& requirement) { return holds(requirement, labels); });
}

meta::Kind role_kind() {
  return {.group = kGroup,
          .version = "v1",
          .kind = "Role",
          .plural = "roles",
          .singular = "role",
          .short_names = {},
          .categories = {},
          .namespaced = true,
          .has_status = false,
          .type = &schema::type_of<Role>,
          .columns = {{"Created At", "string", "When it was made.", "metadata.creationTimestamp"}},
          .check_update = nullptr};
}

meta::Kind cluster_role_kind() {
  auto kind = role_kind();
  kind.kind = "ClusterRole";
  kind.plural = "clusterroles";
  kind.singular = "clusterrole";
  kind.namespaced = false;
  kind.type = &schema::type_of<ClusterRole>;
  return kind;
}

}  // namespace gantry::api::rbac
