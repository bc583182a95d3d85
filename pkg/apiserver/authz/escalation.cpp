#include "pkg/apiserver/authz/escalation.h"

#include "pkg/apiserver/authn/token_secret.h"
#include "pkg/base/text.h"
#include "pkg/schema/codec.h"

namespace gantry::apiserver {
namespace {

using api::rbac::RoleRef;

ApiError refusal(const RequestInfo& info, std::string message) {
  ApiError refused = forbidden(info, "");
  refused.message = std::move(message);
  return refused;
}

std::string name_of(const RequestInfo& info, const Json& object) {
  const auto* name = object.find_path({"metadata", "name"});
  return name != nullptr && name->is_string() ? name->as_string() : info.name;
}

std::string granting_message(const User& user, const RequestInfo& info, const Json& object,
                             const Rules& missing) {
  std::vector<std::string> groups;
  for (const auto& group : user.groups) groups.push_back("\"" + group + "\"");
  std::string text = info.resource() + " \"" + name_of(info, object) + "\" is forbidden: user \"" +
                     user.name + "\" (groups=[" + join(groups, " ") +
                     "]) is attempting to grant RBAC permissions not currently held:";
  constexpr size_t kShown = 20;
  for (size_t i = 0; i < missing.size() && i < kShown; ++i) text += "\n" + describe(missing[i]);
  if (missing.size() > kShown) text += "\nand " + std::to_string(missing.size() - kShown) + " more";
  return text;
}

bool same_member(const Json* old, const Json& object, std::string_view name) {
  if (old == nullptr) return false;
  const auto* before = old->find(name);
  const auto* after = object.find(name);
  return before == after || (before != nullptr && after != nullptr && *before == *after);
}

bool may(Rbac& rbac, const User& user, std::string_view verb, const RequestInfo& info,
         std::string_view resource, const std::string& name) {
  Attributes wanted;
  wanted.verb = verb;
  wanted.group = api::rbac::kGroup;
  wanted.resource = resource;
  wanted.ns = info.ns;
  wanted.name = name;
  return rbac.authorize(user, wanted).allowed;
}

std::optional<ApiError> check_role(Rbac& rbac, const User& user, const RequestInfo& info,
                                   const Json* old, const Json& object) {
  if (same_member(old, object, "rules") && same_member(old, object, "aggregationRule"))
    return std::nullopt;
  if (may(rbac, user, "escalate", info, info.plural, name_of(info, object))) return std::nullopt;
  const auto role = schema::decode_stored<api::rbac::ClusterRole>(object);
  if (!role.ok()) return to_api_error(role.status(), info);
  // An aggregated role gathers rules that are not known yet: only who holds all may make it.
  const auto& wanted = role->aggregation_rule ? all_rules() : role->rules;
  const auto missing = missing_from(rbac.rules_for(user, info.ns), wanted);
  if (missing.empty()) return std::nullopt;
  return refusal(info, granting_message(user, info, object, missing));
}

std::optional<ApiError> check_binding(Rbac& rbac, const User& user, const RequestInfo& info,
                                      const Json* old, const Json& object) {
  if (same_member(old, object, "subjects") && same_member(old, object, "roleRef"))
    return std::nullopt;
  const auto binding = schema::decode_stored<api::rbac::ClusterRoleBinding>(object);
  if (!binding.ok()) return to_api_error(binding.status(), info);
  const auto& ref = binding->role_ref;
  const auto* resource = ref.kind == "Role" ? "roles" : "clusterroles";
  if (may(rbac, user, "bind", info, resource, ref.name)) return std::nullopt;
  const auto wanted = rbac.rules_of(ref, info.ns);
  if (!wanted.ok()) return to_api_error(wanted.status(), info);
  const auto missing = missing_from(rbac.rules_for(user, info.ns), *wanted);
  if (missing.empty()) return std::nullopt;
  return refusal(info, granting_message(user, info, object, missing));
}

std::optional<ApiError> check_token(Rbac& rbac, const User& user, const RequestInfo& info,
                                    const Json& object) {
  const auto wanted = refuses_to_be(rbac, user, user_of_token_secret(object));
  if (!wanted) return std::nullopt;
  return refusal(info, "secrets \"" + name_of(info, object) +
                           "\" is forbidden: it is a token, and whoever makes one must be allowed "
                           "to be its user: " +
                           forbidden_message(user, *wanted));
}

}  // namespace

std::optional<Attributes> refuses_to_be(Rbac& rbac, const User& user, const User& target) {
  Attributes wanted;
  wanted.verb = "impersonate";
  wanted.resource = "users";
  wanted.name = target.name;
  if (starts_with(target.name, kAccountPrefix)) {
    const auto parts = split(target.name, ':');
    if (parts.size() == 4) {
      wanted.resource = "serviceaccounts";
      wanted.ns = parts[2];
      wanted.name = parts[3];
    }
  }
  if (!rbac.authorize(user, wanted).allowed) return wanted;
  for (const auto& group : target.groups) {
    if (group == kAuthenticatedGroup) continue;
    Attributes member;
    member.verb = "impersonate";
    member.resource = "groups";
    member.name = group;
    if (!rbac.authorize(user, member).allowed) return member;
  }
  return std::nullopt;
}

std::optional<ApiError> check_escalation(Rbac& rbac, const User& user, const RequestInfo& info,
                                         const Json* old, const Json& object) {
  if (user.in(kAdminGroup)) return std::nullopt;
  if (info.group == api::rbac::kGroup) {
    const bool binds = info.plural == "rolebindings" || info.plural == "clusterrolebindings";
    return binds ? check_binding(rbac, user, info, old, object)
                 : check_role(rbac, user, info, old, object);
  }
  if (info.resource() == "secrets" && is_token_secret(object))
    return check_token(rbac, user, info, object);
  return std::nullopt;
}

}  // namespace gantry::apiserver
