#pragma once
// RequestInfo: what a Kubernetes API request asks for, from its method and target.
#include <string>

#include "pkg/base/status.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

struct RequestInfo {
  bool is_resource = false;  // false: discovery, health, version …
  std::string verb;          // get, list, watch, create, update, patch, delete, deletecollection
  std::string group;         // empty for core
  std::string version;
  std::string ns;      // empty for cluster scope or all namespaces
  std::string plural;  // "apps"
  std::string name;
  std::string subresource;  // "status"
  http::Target target;

  // "apps.gantry.dev", "secrets".
  std::string resource() const { return group.empty() ? plural : plural + "." + group; }
  std::string query(std::string_view name, std::string_view fallback = "") const;
  // "true" and "1", as Kubernetes reads booleans.
  bool query_bool(std::string_view name) const;
};

// kInvalid for a target that cannot be parsed. Paths that are no resource paths have
// is_resource == false and the verb "get", "post" ….
// Kubernetes: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.
Result<RequestInfo> parse_request(const http::Request& request);

}  // namespace gantry::apiserver
