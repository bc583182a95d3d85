#include "pkg/apiserver/authz/defaults.h"

#include "api/kinds.h"
#include "api/rbac/binding.h"
#include "pkg/apiserver/authn/user.h"
#include "pkg/base/log.h"
#include "pkg/crypto/digest.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

using api::rbac::ClusterRole;
using api::rbac::ClusterRoleBinding;
using api::rbac::PolicyRule;
using Texts = std::vector<std::string>;

constexpr const char* kDigest = "gantry.dev/default-digest";
constexpr const char* kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

const Texts kRead = {"get", "list", "watch"};
const Texts kWrite = {"create", "update", "patch", "delete", "deletecollection"};

PolicyRule resources(Texts groups, Texts names, Texts verbs) {
  return {std::move(verbs), std::move(groups), std::move(names), {}, {}};
}
PolicyRule paths(Texts urls) {
  return {{"get", "head"}, {}, {}, {}, std::move(urls)};
}

// What of the rules decides, without what the server adds to an object.
std::string digest_of(const Json& object) {
  Json essence = Json::object();
  for (const auto* name : {"rules", "aggregationRule", "subjects", "roleRef"})
    if (const auto* member = object.find(name)) essence.set(name, *member);
  return crypto::sha256_hex(schema::to_json(essence));
}

Json finished(Json object) {
  auto& metadata = object.member("metadata");
  metadata.member("labels").set("gantry.dev/bootstrapping", "rbac-defaults");
  metadata.member("annotations").set(kDigest, digest_of(object));
  return object;
}

Json role(const std::string& name, std::vector<PolicyRule> rules,
          const std::string& aggregate = "") {
  ClusterRole made;
  made.metadata.name = name;
  made.rules = std::move(rules);
  if (!aggregate.empty()) {
    api::rbac::LabelSelector selector;
    selector.match_labels["rbac.authorization.k8s.io/aggregate-to-" + aggregate] = "true";
    made.aggregation_rule.emplace().cluster_role_selectors.push_back(std::move(selector));
  }
  return finished(schema::encode(made));
}

Json binding(const std::string& name, const std::string& to, std::string_view group) {
  ClusterRoleBinding made;
  made.metadata.name = name;
  made.role_ref = {std::string(api::rbac::kGroup), "ClusterRole", to};
  made.subjects.push_back({"Group", std::string(api::rbac::kGroup), std::string(group), ""});
  return finished(schema::encode(made));
}

std::vector<PolicyRule> view_rules() {
  return {
      resources({""}, {"configmaps", "events", "namespaces", "pods", "pods/log", "serviceaccounts"},
                kRead),
      resources({"gantry.dev"},
                {"appliances", "appliances/status", "apps", "apps/scale", "apps/status",
                 "machineclasses", "machineclasses/status", "machines", "machines/status",
                 "proxmoxclusters", "proxmoxclusters/status"},
                kRead),
      resources({"coordination.k8s.io"}, {"leases"}, kRead),
      resources({"events.k8s.io"}, {"events"}, kRead),
      resources({"metrics.k8s.io"}, {"pods", "nodes"}, kRead),
  };
}

std::vector<PolicyRule> edit_rules() {
  auto rules = view_rules();
  rules.push_back(resources({""}, {"secrets"}, kRead));
  rules.push_back(resources({""}, {"configmaps", "events", "secrets", "serviceaccounts"}, kWrite));
  rules.push_back(
      resources({""}, {"pods/attach", "pods/exec", "serviceaccounts/token"}, {"create", "get"}));
  rules.push_back(resources({"gantry.dev"}, {"apps", "apps/scale", "machines"}, kWrite));
  rules.push_back(resources({"coordination.k8s.io"}, {"leases"}, kWrite));
  rules.push_back(resources({"events.k8s.io"}, {"events"}, kWrite));
  return rules;
}

std::vector<PolicyRule> admin_rules() {
  auto rules = edit_rules();
  const Texts rbac = {"roles", "rolebindings"};
  rules.push_back(resources({std::string(api::rbac::kGroup)}, rbac, kRead));
  rules.push_back(resources({std::string(api::rbac::kGroup)}, rbac, kWrite));
  rules.push_back(resources({"authorization.k8s.io"}, {"localsubjectaccessreviews"}, {"create"}));
  return rules;
}

// RBAC cannot say "all but": everything that is served, by name.
std::vector<PolicyRule> viewer_rules() {
  auto rules = view_rules();
  for (const auto& kind : api::all_kinds()) {
    if (!kind.stored || kind.resource() == "secrets") continue;
    Texts names = {std::string(kind.plural)};
    if (kind.has_status) names.push_back(names.front() + "/status");
    rules.push_back(resources({std::string(kind.group)}, std::move(names), kRead));
  }
  rules.push_back(paths({"*"}));
  return rules;
}

Async<Status> ensure(store::Store& store, store::Resource resource, Json wanted) {
  const store::Key key{resource, "", wanted.member("metadata").string_or("name", "")};
  const auto current = store.get(key);
  if (!current.ok()) {
    const auto made = co_await store.create(resource, std::move(wanted));
    const bool there = !made.ok() && error_class(made.status()) == ErrorClass::already_exists;
    if (there) co_return Status();
    co_return made.status();
  }
  Json object = (*current)->value;
  auto& annotations = object.member("metadata").member("annotations");
  const auto written = annotations.string_or(kDigest, "");
  const auto present = digest_of(object);
  if (annotations.string_or(kAutoUpdate, "true") == "false") co_return Status();
  if (present == digest_of(wanted)) co_return Status();
  if (present != written) {
    log::info("a built-in RBAC object was changed by people and stays so",
              {{"object", store::to_string(key)}});
    co_return Status();
  }
  for (const auto* name : {"rules", "aggregationRule", "subjects", "roleRef"})
    if (const auto* member = wanted.find(name)) object.set(name, *member);
  annotations.set(kDigest, digest_of(object));
  const auto updated = co_await store.update(resource, store::Part::whole, std::move(object));
  // Another replica may be doing the same.
  if (!updated.ok() && error_class(updated.status()) == ErrorClass::conflict) co_return Status();
  co_return updated.status();
}

}  // namespace

const std::vector<Json>& default_roles() {
  static const std::vector<Json> roles = {
      role("cluster-admin", {resources({"*"}, {"*"}, {"*"}), PolicyRule{{"*"}, {}, {}, {}, {"*"}}}),
      role("admin", admin_rules(), "admin"),
      role("edit", edit_rules(), "edit"),
      role("view", view_rules(), "view"),
      role("gantry:viewer", viewer_rules()),
      role("gantry:metrics-reader", {paths({"/metrics"})}),
      role("system:discovery",
           {paths({"/", "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
                   "/openapi/*", "/readyz", "/version", "/version/"})}),
      role("system:basic-user",
           {resources({"authorization.k8s.io"},
                      {"selfsubjectaccessreviews", "selfsubjectrulesreviews"}, {"create"}),
            resources({"authentication.k8s.io"}, {"selfsubjectreviews"}, {"create"})}),
  };
  return roles;
}

const std::vector<Json>& default_bindings() {
  static const std::vector<Json> bindings = {
      binding("cluster-admin", "cluster-admin", kAdminGroup),
      binding("gantry:viewers", "gantry:viewer", kViewerGroup),
      binding("system:basic-user", "system:basic-user", kAuthenticatedGroup),
      binding("system:discovery", "system:discovery", kAuthenticatedGroup),
  };
  return bindings;
}

Async<Status> ensure_default_roles(store::Store& store) {
  for (const auto& wanted : default_roles()) {
    Json copy = wanted;
    GANTRY_CO_TRY(
        co_await ensure(store, "clusterroles.rbac.authorization.k8s.io", std::move(copy)));
  }
  for (const auto& wanted : default_bindings()) {
    Json copy = wanted;
    GANTRY_CO_TRY(
        co_await ensure(store, "clusterrolebindings.rbac.authorization.k8s.io", std::move(copy)));
  }
  co_return Status();
}

}  // namespace gantry::apiserver
