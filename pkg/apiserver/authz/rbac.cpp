#include "pkg/apiserver/authz/rbac.h"

#include <algorithm>

#include "pkg/base/log.h"
#include "pkg/store/typed.h"

namespace gantry::apiserver {
namespace {

using api::rbac::ClusterRole;
using api::rbac::RoleRef;
using api::rbac::Subject;

constexpr const char* kRoles = "roles.rbac.authorization.k8s.io";
constexpr const char* kClusterRoles = "clusterroles.rbac.authorization.k8s.io";
constexpr const char* kBindings = "rolebindings.rbac.authorization.k8s.io";
constexpr const char* kClusterBindings = "clusterrolebindings.rbac.authorization.k8s.io";

// All that can be read; what cannot is told, and grants nothing.
template <class T>
std::vector<T> readable(const store::Store& store, const char* resource) {
  std::vector<T> found;
  for (const auto& object : store.list(resource, "").items) {
    auto decoded = store::as<T>(*object);
    if (decoded.ok())
      found.push_back(*std::move(decoded));
    else
      log::warn("an RBAC object grants nothing: it cannot be read",
                {{"object", store::to_string(object->key)}, {"error", decoded.status()}});
  }
  return found;
}

std::string key_of(const Subject& subject) {
  if (subject.kind == "ServiceAccount")
    return "User system:serviceaccount:" + subject.ns + ":" + subject.name;
  return subject.kind + " " + subject.name;
}

Rules aggregated(const ClusterRole& role, const std::vector<ClusterRole>& all) {
  Rules rules = role.rules;
  for (const auto& other : all) {
    if (other.metadata.name == role.metadata.name) continue;
    const auto chosen = [&other](const auto& selector) {
      return api::rbac::matches(selector, other.metadata.labels);
    };
    if (std::ranges::any_of(role.aggregation_rule->cluster_role_selectors, chosen))
      rules.insert(rules.end(), other.rules.begin(), other.rules.end());
  }
  return rules;
}

}  // namespace

const Rules& all_rules() {
  static const Rules rules{{{"*"}, {"*"}, {"*"}, {}, {}}, {{"*"}, {}, {}, {}, {"*"}}};
  return rules;
}

Rbac::Rbac(store::Store& store) : store_(store) {
  for (const auto* resource : {kRoles, kClusterRoles, kBindings, kClusterBindings})
    unchanged_.emplace_back(store, resource);
}

void Rbac::refresh() {
  if (std::ranges::all_of(unchanged_, [](const auto& one) { return one.holds(); })) return;
  for (auto& one : unchanged_) one.renew();
  read_roles();
  read_bindings();
}

void Rbac::read_roles() {
  roles_.clear();
  for (auto& role : readable<api::rbac::Role>(store_, kRoles))
    roles_[{role.metadata.ns, role.metadata.name}] =
        std::make_shared<const Rules>(std::move(role.rules));
  const auto all = readable<ClusterRole>(store_, kClusterRoles);
  for (const auto& role : all)
    roles_[{"", role.metadata.name}] =
        std::make_shared<const Rules>(role.aggregation_rule ? aggregated(role, all) : role.rules);
}

void Rbac::add(const std::vector<Subject>& subjects, const Grant& grant) {
  for (const auto& subject : subjects) grants_[key_of(subject)].push_back(grant);
}

void Rbac::read_bindings() {
  grants_.clear();
  const auto role_of = [this](const RoleRef& ref, const std::string& ns) {
    const auto found = roles_.find({ref.kind == "Role" ? ns : "", ref.name});
    return found == roles_.end() ? nullptr : found->second;
  };
  const auto why = [](const char* kind, const std::string& name, const RoleRef& ref) {
    return std::string("RBAC: allowed by ") + kind + " \"" + name + "\" of " + ref.kind + " \"" +
           ref.name + "\"";
  };
  for (const auto& binding : readable<api::rbac::ClusterRoleBinding>(store_, kClusterBindings)) {
    const auto& ref = binding.role_ref;
    add(binding.subjects,
        {"", role_of(ref, ""), why("ClusterRoleBinding", binding.metadata.name, ref)});
  }
  for (const auto& binding : readable<api::rbac::RoleBinding>(store_, kBindings)) {
    const auto& ref = binding.role_ref;
    const auto& ns = binding.metadata.ns;
    add(binding.subjects,
        {ns, role_of(ref, ns), why("RoleBinding", ns + "/" + binding.metadata.name, ref)});
  }
}

// Calls visit(grant) for all that the user has there, until one answers true.
template <class Visit>
void Rbac::visit(const User& user, const std::string& ns, Visit visit) {
  refresh();
  const auto visit_subject = [&](const std::string& subject) {
    const auto grants = grants_.find(subject);
    if (grants == grants_.end()) return false;
    return std::ranges::any_of(grants->second, [&](const Grant& grant) {
      return grant.rules && (grant.ns.empty() || grant.ns == ns) && visit(grant);
    });
  };
  if (visit_subject("User " + user.name)) return;
  for (const auto& group : user.groups)
    if (visit_subject("Group " + group)) return;
}

Decision Rbac::authorize(const User& user, const Attributes& wanted) {
  if (user.in(kAdminGroup)) return {true, "RBAC: system:masters may do everything"};
  Decision decision;
  const std::string ns = wanted.is_resource ? wanted.ns : "";
  visit(user, ns, [&](const Grant& grant) {
    decision.allowed =
        std::ranges::any_of(*grant.rules, [&](const auto& rule) { return allows(rule, wanted); });
    if (decision.allowed) decision.reason = grant.why;
    return decision.allowed;
  });
  return decision;
}

Rules Rbac::rules_for(const User& user, const std::string& ns) {
  if (user.in(kAdminGroup)) return all_rules();
  Rules rules;
  visit(user, ns, [&rules](const Grant& grant) {
    rules.insert(rules.end(), grant.rules->begin(), grant.rules->end());
    return false;
  });
  return rules;
}

Result<Rules> Rbac::rules_of(const RoleRef& ref, const std::string& ns) {
  refresh();
  const auto found = roles_.find({ref.kind == "Role" ? ns : "", ref.name});
  if (found != roles_.end()) return *found->second;
  return not_found("%s.rbac.authorization.k8s.io \"%s\" not found",
                   ref.kind == "Role" ? "roles" : "clusterroles", ref.name);
}

}  // namespace gantry::apiserver
