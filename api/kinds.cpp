#include "api/kinds.h"

#include <algorithm>
#include <map>

#include <absl/strings/str_format.h>

#include "api/access/authentication.h"
#include "api/access/authorization.h"
#include "api/coordination/lease.h"
#include "api/core/configmap.h"
#include "api/core/event.h"
#include "api/core/namespace.h"
#include "api/core/secret.h"
#include "api/core/serviceaccount.h"
#include "api/rbac/binding.h"
#include "api/rbac/role.h"
#include "api/v1alpha1/app.h"
#include "api/v1alpha1/appliance.h"
#include "api/v1alpha1/machine.h"
#include "api/v1alpha1/machineclass.h"
#include "api/v1alpha1/proxmoxcluster.h"
#include "pkg/base/text.h"

namespace gantry::api {

const std::vector<meta::Kind>& all_kinds() {
  static const std::vector<meta::Kind> kinds = {
      core::namespace_kind(),
      core::secret_kind(),
      core::config_map_kind(),
      core::service_account_kind(),
      core::event_kind(),
      coordination::lease_kind(),
      rbac::cluster_role_kind(),
      rbac::cluster_role_binding_kind(),
      rbac::role_kind(),
      rbac::role_binding_kind(),
      access::self_subject_access_review_kind(),
      access::self_subject_rules_review_kind(),
      access::subject_access_review_kind(),
      access::local_subject_access_review_kind(),
      access::token_review_kind(),
      access::self_subject_review_kind(),
      v1alpha1::proxmox_cluster_kind(),
      v1alpha1::machine_class_kind(),
      v1alpha1::machine_kind(),
      v1alpha1::app_kind(),
      v1alpha1::appliance_kind(),
  };
  return kinds;
}

namespace {

template <class Predicate>
const meta::Kind* find(Predicate predicate) {
  const auto found = std::ranges::find_if(all_kinds(), predicate);
  return found == all_kinds().end() ? nullptr : &*found;
}

}  // namespace

const meta::Kind* find_by_resource(std::string_view resource) {
  static const auto by_resource = [] {
    std::map<std::string, const meta::Kind*, std::less<>> kinds;
    for (const auto& kind : all_kinds()) kinds.emplace(kind.resource(), &kind);
    return kinds;
  }();
  const auto found = by_resource.find(resource);
  return found == by_resource.end() ? nullptr : found->second;
}

const meta::Kind* find_by_kind(std::string_view api_version, std::string_view kind) {
  return find(
      [&](const meta::Kind& k) { return k.kind == kind && k.api_version() == api_version; });
}

const meta::Kind* find_by_word(std::string_view word) {
  const std::string lower = to_lower(word);
  return find([&](const meta::Kind& kind) {
    return lower == kind.plural || lower == kind.singular || lower == to_lower(kind.kind) ||
           lower == kind.resource() ||
           std::ranges::find(kind.short_names, lower) != kind.short_names.end();
  });
}

std::string unknown_kind_message(std::string_view api_version, std::string_view kind) {
  std::vector<std::string> same_version, same_kind;
  for (const auto& known : all_kinds()) {
    if (known.api_version() == api_version) same_version.push_back(std::string(known.kind));
    if (known.kind == kind) same_kind.push_back(known.api_version());
  }
  if (!same_kind.empty()) {
    return absl::StrFormat("no kind \"%s\" in apiVersion \"%s\"; it is in %s", kind, api_version,
                           join(same_kind, ", "));
  }
  if (!same_version.empty()) {
    return absl::StrFormat("no kind \"%s\" in apiVersion \"%s\"; served are %s", kind, api_version,
                           join(same_version, ", "));
  }
  return absl::StrFormat("no apiVersion \"%s\" is served (kind \"%s\")", api_version, kind);
}

const meta::Kind* find_owner_kind(const meta::OwnerReference& reference, std::string_view ns) {
  const auto* kind = find_by_kind(reference.api_version, reference.kind);
  return kind != nullptr && kind->namespaced && ns.empty() ? nullptr : kind;
}

}  // namespace gantry::api
