#include "api/kinds.h"
#include "pkg/apiserver/discovery/openapi_document.h"
#include "pkg/schema/openapi.h"

namespace gantry::apiserver {
namespace {

using api::meta::Kind;

Json query_parameter_v3(std::string_view name, std::string_view doc) {
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
  parameters.push_back(query_parameter_v3("dryRun", "All: check everything, store nothing."));
  parameters.push_back(query_parameter_v3("fieldManager", "Who makes this change."));
  parameters.push_back(query_parameter_v3("fieldValidation", "Ignore, Warn or Strict (default)."));
  return parameters;
}

Json reference_v3(const Kind& kind) {
  Json schema;
  schema.set("$ref", "#/components/schemas/" + definition_name(kind));
  return schema;
}

Json operation_v3(const Kind& kind, std::string_view action) {
  Json made;
  made.set("x-kubernetes-action", action);
  made.set("x-kubernetes-group-version-kind", group_version_kind(kind));
  auto& ok = made.member("responses").member("200");
  ok.set("description", "OK");
  ok.member("content").member("application/json").set("schema", reference_v3(kind));
  return made;
}

Json object_operations(const Kind& kind) {
  Json path;
  path.set("get", operation_v3(kind, "get"));
  auto put = operation_v3(kind, "put");
  put.set("parameters", write_parameters());
  put.member("requestBody")
      .member("content")
      .member("application/json")
      .set("schema", reference_v3(kind));
  path.set("put", std::move(put));
  auto patch = operation_v3(kind, "patch");
  auto parameters = write_parameters();
  parameters.push_back(
      query_parameter_v3("force", "Take fields over from other managers (apply)."));
  patch.set("parameters", std::move(parameters));
  auto& types = patch.member("requestBody").member("content");
  for (const auto* type :
       {"application/apply-patch+yaml", "application/json-patch+json",
        "application/merge-patch+json", "application/strategic-merge-patch+json"})
    types.member(type).member("schema").set("type", "object");
  path.set("patch", std::move(patch));
  path.set("delete", operation_v3(kind, "delete"));
  return path;
}

Json collection_operations(const Kind& kind) {
  Json path;
  if (kind.stored) path.set("get", operation_v3(kind, "list"));
  auto post = operation_v3(kind, "post");
  post.set("parameters", write_parameters());
  post.member("requestBody")
      .member("content")
      .member("application/json")
      .set("schema", reference_v3(kind));
  path.set("post", std::move(post));
  return path;
}

Json component(const Kind& kind) {
  Json schema = schema::openapi(*kind.type(), schema::OpenApi::v3);
  Json gvks = Json::array();
  gvks.push_back(group_version_kind(kind));
  schema.set("x-kubernetes-group-version-kind", std::move(gvks));
  add_selectable_fields(kind, schema);
  return schema;
}

}  // namespace

Json openapi_v3_document(const std::string& group, const std::string& version) {
  Json document;
  document.set("openapi", "3.0.0");
  document.member("info").set("title", "Gantry");
  document.member("info").set("version", version);
  auto& paths = document.member("paths");
  auto& schemas = document.member("components").member("schemas");
  for (const auto& kind : api::all_kinds()) {
    if (kind.group != group || kind.version != version) continue;
    const auto base = collection_path(kind);
    paths.set(base, collection_operations(kind));
    if (kind.stored) paths.set(base + "/{name}", object_operations(kind));
    schemas.set(definition_name(kind), component(kind));
  }
  return document;
}

}  // namespace gantry::apiserver
