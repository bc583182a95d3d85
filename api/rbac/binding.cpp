#include "api/rbac/binding.h"

#include "pkg/base/text.h"

namespace gantry::api::rbac {

using namespace schema;

namespace {

Problems check_subject(const Subject& subject) {
  const bool account = subject.kind == "ServiceAccount";
  if (!account && subject.kind != "User" && subject.kind != "Group")
    return {{"kind", Reason::not_supported, "must be User, Group or ServiceAccount"}};
  Problems problems;
  const std::string_view group = account ? "" : kGroup;
  if (!subject.api_group.empty() && subject.api_group != group)
    problems.push_back({"apiGroup", Reason::not_supported,
                        absl::StrFormat("must be \"%s\" with kind %s", group, subject.kind)});
  if (account && subject.ns.empty())
    problems.push_back({"namespace", Reason::required, "must be given with ServiceAccount"});
  return problems;
}

Problems check_role_ref(const RoleRef& ref) {
  Problems problems;
  if (ref.api_group != kGroup && !ref.api_group.empty())
    problems.push_back({"apiGroup", Reason::not_supported, "must be rbac.authorization.k8s.io"});
  if (ref.kind != "Role" && ref.kind != "ClusterRole")
    problems.push_back({"kind", Reason::not_supported, "must be Role or ClusterRole"});
  return problems;
}

Problems check_cluster_binding(const ClusterRoleBinding& binding) {
  if (binding.role_ref.kind == "ClusterRole") return {};
  return {{"roleRef.kind", Reason::not_supported,
           "must be ClusterRole: a ClusterRoleBinding is in no namespace"}};
}

// Another role would be another grant: delete the binding and make a new one.
Problems check_update(const Json& before, const Json& after) {
  const Json* old = before.find("roleRef");
  const Json* now = after.find("roleRef");
  if (old != nullptr && now != nullptr && *old == *now) return {};
  return {{"roleRef", Reason::invalid, "cannot change roleRef"}};
}

Json role_cell(const Json& binding) {
  const Json* ref = binding.find("roleRef");
  if (ref == nullptr) return {};
  return ref->string_or("kind", "") + "/" + ref->string_or("name", "");
}

std::string names_of(const Json& binding, std::string_view kind) {
  std::vector<std::string> names;
  const Json* subjects = binding.find("subjects");
  if (subjects == nullptr || !subjects->is_array()) return "";
  for (const auto& subject : subjects->as_array()) {
    if (subject.string_or("kind", "") != kind) continue;
    const auto ns = subject.string_or("namespace", "");
    names.push_back((ns.empty() ? "" : ns + "/") + subject.string_or("name", ""));
  }
  return join(names, ", ");
}
Json users_cell(const Json& binding) {
  return names_of(binding, "User");
}
Json groups_cell(const Json& binding) {
  return names_of(binding, "Group");
}
Json accounts_cell(const Json& binding) {
  return names_of(binding, "ServiceAccount");
}

template <class Binding>
std::vector<Field> binding_fields(std::string_view kind_doc) {
  return {
      field<&Binding::api_version>("apiVersion", "rbac.authorization.k8s.io/v1."),
      field<&Binding::kind>("kind", kind_doc),
      field<&Binding::metadata>("metadata", "What every object has."),
      field<&Binding::subjects>("subjects", "Who has the role.", Items{0, 1000}),
      field<&Binding::role_ref>("roleRef", "The role. Cannot be changed.", required),
  };
}

}  // namespace

TypeInfo describe(Type<Subject>) {
  return checked<Subject, &check_subject>(object<Subject>(
      "Subject", "A user, a group of users, or a ServiceAccount.",
      {
          field<&Subject::kind>("kind", "User, Group or ServiceAccount.", required),
          field<&Subject::api_group>("apiGroup", "rbac.authorization.k8s.io for User and Group."),
          field<&Subject::name>("name", "Its name.", required, Length{1, 1000}),
          field<&Subject::ns>("namespace", "Of a ServiceAccount.", format::dns_label),
      }));
}

TypeInfo describe(Type<RoleRef>) {
  return checked<RoleRef, &check_role_ref>(object<RoleRef>(
      "RoleRef", "A Role of the same namespace, or a ClusterRole.",
      {
          field<&RoleRef::api_group>("apiGroup", "rbac.authorization.k8s.io."),
          field<&RoleRef::kind>("kind", "Role or ClusterRole.", required),
          field<&RoleRef::name>("name", "Its name.", required, format::path_segment),
      }));
}

TypeInfo describe(Type<RoleBinding>) {
  return object<RoleBinding>("RoleBinding", "Who has a role in this namespace.",
                             binding_fields<RoleBinding>("RoleBinding."));
}

TypeInfo describe(Type<ClusterRoleBinding>) {
  return checked<ClusterRoleBinding, &check_cluster_binding>(
      object<ClusterRoleBinding>("ClusterRoleBinding", "Who has a role everywhere.",
                                 binding_fields<ClusterRoleBinding>("ClusterRoleBinding.")));
}

meta::Kind role_binding_kind() {
  return {.group = kGroup,
          .version = "v1",
          .kind = "RoleBinding",
          .plural = "rolebindings",
          .singular = "rolebinding",
          .short_names = {},
          .categories = {},
          .namespaced = true,
          .has_status = false,
          .type = &schema::type_of<RoleBinding>,
          .columns = {{"Role", "string", "The role.", "", 0, &role_cell},
                      {"Users", "string", "Users that have it.", "", 1, &users_cell},
                      {"Groups", "string", "Groups that have it.", "", 1, &groups_cell},
                      {"ServiceAccounts", "string", "ServiceAccounts that have it.", "", 1,
                       &accounts_cell}},
          .check_update = &check_update};
}

meta::Kind cluster_role_binding_kind() {
  auto kind = role_binding_kind();
  kind.kind = "ClusterRoleBinding";
  kind.plural = "clusterrolebindings";
  kind.singular = "clusterrolebinding";
  kind.namespaced = false;
  kind.type = &schema::type_of<ClusterRoleBinding>;
  return kind;
}

}  // namespace gantry::api::rbac
