#include "pkg/apiserver/openapi.h"

#include <set>

#include "api/kinds.h"
#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/schema/json.h"
#include "pkg/schema/openapi.h"

namespace gantry::apiserver {
namespace {

using api::meta::Kind;

std::string path_of(const std::string& group, const std::string& version) {
  return group.empty() ? "api/" + version : "apis/" + group + "/" + version;
}

// "dev.gantry.v1alpha1.App", "io.k8s.api.core.v1.Secret"
std::string component_name(const Kind& kind) {
  std::string prefix;
  if (kind.group.empty()) {
    prefix = "io.k8s.api.core.";
  } else {
    for (const auto& part : split(kind.group, '.')) prefix = part + "." + prefix;
  }
  return prefix + std::string(kind.version) + "." + std::string(kind.kind);
}

Json group_version_kind(const Kind& kind) {
  Json gvk;
  gvk.set("group", kind.group);
  gvk.set("version", kind.version);
  gvk.set("kind", kind.kind);
  return gvk;
}

Json query_parameter(std::string_view name, std::string_view doc) {
  Json parameter;
  parameter.set("name", name);
  parameter.set("in", "query");
  parameter.set("description", doc);
  parameter.member("schema").set("type", "string");
  parameter.member("schema").set("uniqueItems", true);
  return parameter;
}

// kubectl leaves validation to the server when fieldValidation is offered.
Json write_parameters() {
  Json parameters = Json::array();
  parameters.push_back(query_parameter("dryRun", "All: check everything, store nothing."));
  parameters.push_back(query_parameter("fieldManager", "Who makes this change."));
  parameters.push_back(query_parameter("fieldValidation", "Ignore, Warn or Strict (default)."));
  return parameters;
}

Json reference_to(const Kind& kind) {
  Json schema;
  schema.set("$ref", "#/components/schemas/" + component_name(kind));
  return schema;
}

Json operation(const Kind& kind, std::string_view action) {
  Json made;
  made.set("x-kubernetes-action", action);
  made.set("x-kubernetes-group-version-kind", group_version_kind(kind));
  auto& ok = made.member("responses").member("200");
  ok.set("description", "OK");
  ok.member("content").member("application/json").set("schema", reference_to(kind));
  return made;
}

Json object_path(const Kind& kind) {
  Json path;
  path.set("get", operation(kind, "get"));
  auto put = operation(kind, "put");
  put.set("parameters", write_parameters());
  put.member("requestBody")
      .member("content")
      .member("application/json")
      .set("schema", reference_to(kind));
  path.set("put", std::move(put));
  auto patch = operation(kind, "patch");
  patch.set("parameters", write_parameters());
  auto& types = patch.member("requestBody").member("content");
  for (const auto* type :
       {"application/apply-patch+yaml", "application/json-patch+json",
        "application/merge-patch+json", "application/strategic-merge-patch+json"})
    types.member(type).member("schema").set("type", "object");
  path.set("patch", std::move(patch));
  path.set("delete", operation(kind, "delete"));
  return path;
}

Json collection_path(const Kind& kind) {
  Json path;
  path.set("get", operation(kind, "list"));
  auto post = operation(kind, "post");
  post.set("parameters", write_parameters());
  post.member("requestBody")
      .member("content")
      .member("application/json")
      .set("schema", reference_to(kind));
  path.set("post", std::move(post));
  return path;
}

Json component(const Kind& kind) {
  Json schema = schema::openapi(*kind.type(), schema::OpenApi::v3);
  Json gvks = Json::array();
  gvks.push_back(group_version_kind(kind));
  schema.set("x-kubernetes-group-version-kind", std::move(gvks));
  return schema;
}

}  // namespace

Json openapi_document(const std::string& group, const std::string& version) {
  Json document;
  document.set("openapi", "3.0.0");
  document.member("info").set("title", "Gantry");
  document.member("info").set("version", version);
  auto& paths = document.member("paths");
  auto& schemas = document.member("components").member("schemas");
  for (const auto& kind : api::all_kinds()) {
    if (kind.group != group || kind.version != version) continue;
    std::string base = "/" + path_of(group, version);
    if (kind.namespaced) base += "/namespaces/{namespace}";
    base += "/" + std::string(kind.plural);
    paths.set(base, collection_path(kind));
    paths.set(base + "/{name}", object_path(kind));
    schemas.set(component_name(kind), component(kind));
  }
  return document;
}

OpenApi::OpenApi() {
  std::set<std::pair<std::string, std::string>> groups;
  for (const auto& kind : api::all_kinds())
    groups.emplace(std::string(kind.group), std::string(kind.version));
  Json index;
  for (const auto& [group, version] : groups) {
    Document document;
    document.body = schema::to_json(openapi_document(group, version)) + "\n";
    document.hash = hex(crypto::sha256(document.body));
    const auto path = path_of(group, version);
    index.member("paths").member(path).set("serverRelativeURL",
                                           "/openapi/v3/" + path + "?hash=" + document.hash);
    groups_[path] = std::move(document);
  }
  index_.body = schema::to_json(index) + "\n";
  index_.hash = hex(crypto::sha256(index_.body));
}

std::optional<http::Response> OpenApi::answer(const http::Request& request,
                                              const RequestInfo& info) const {
  const auto& segments = info.target.segments;
  if (segments.size() < 2 || segments[0] != "openapi") return std::nullopt;
  http::Response response;
  if (segments[1] == "v2" && segments.size() == 2) {
    response.headers["Content-Type"] = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    return response;
  }
  if (segments[1] != "v3") return std::nullopt;
  const std::vector<std::string> rest(segments.begin() + 2, segments.end());
  const Document* document = &index_;
  if (!rest.empty()) {
    const auto found = groups_.find(join(rest, "/"));
    if (found == groups_.end()) return std::nullopt;
    document = &found->second;
  }
  const auto etag = "\"" + document->hash + "\"";
  response.headers["Content-Type"] = "application/json";
  response.headers["ETag"] = etag;
  const auto known = request.headers.find("If-None-Match");
  if (known != request.headers.end() && known->second == etag)
    response.status = 304;
  else
    response.body = document->body;
  return response;
}

}  // namespace gantry::apiserver
