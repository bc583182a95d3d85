#include "pkg/apiserver/request/request_info.h"

#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

std::string verb_of(const std::string& method, const RequestInfo& info) {
  const bool named = !info.name.empty();
  // Whoever may only read must not run commands, though WebSocket begins with GET.
  const bool runs = info.subresource == "exec" || info.subresource == "attach" ||
                    info.subresource == "portforward";
  if (runs && (method == "GET" || method == "POST")) return "create";
  if (method == "GET" || method == "HEAD") {
    if (!named) return info.query_bool("watch") ? "watch" : "list";
    return "get";
  }
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return named ? "delete" : "deletecollection";
  return to_lower(method);
}

// The segments after group and version: [namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE]].
bool read_resource(std::vector<std::string> rest, RequestInfo& info) {
  // /namespaces/NAME and /namespaces/NAME/status are the Namespace object itself.
  const bool in_namespace =
      rest.size() >= 3 && rest[0] == "namespaces" && rest[2] != "status" && rest[2] != "finalize";
  if (in_namespace) {
    info.ns = rest[1];
    rest.erase(rest.begin(), rest.begin() + 2);
  }
  if (rest.empty() || rest.size() > 3) return false;
  info.plural = rest[0];
  if (rest.size() > 1) info.name = rest[1];
  if (rest.size() > 2) info.subresource = rest[2];
  return !info.plural.empty() && (rest.size() < 2 || !info.name.empty());
}

}  // namespace

std::string RequestInfo::query(std::string_view key, std::string_view fallback) const {
  return target.find(key).value_or(std::string(fallback));
}

bool RequestInfo::query_bool(std::string_view key) const {
  const auto value = to_lower(query(key));
  return value == "true" || value == "1";
}

Result<RequestInfo> parse_request(const http::Request& request) {
  RequestInfo info;
  GANTRY_TRY_ASSIGN(info.target, http::parse_target(request.target));
  auto segments = info.target.segments;
  while (!segments.empty() && segments.back().empty()) segments.pop_back();  // "/version/"
  info.verb = to_lower(request.method);
  const bool core = segments.size() >= 3 && segments[0] == "api";
  const bool named_group = segments.size() >= 4 && segments[0] == "apis";
  if (!core && !named_group) return info;
  if (named_group) info.group = segments[1];
  info.version = segments[core ? 1 : 2];
  info.is_resource = read_resource({segments.begin() + (core ? 2 : 3), segments.end()}, info);
  if (info.is_resource) info.verb = verb_of(request.method, info);
  return info;
}

}  // namespace gantry::apiserver
