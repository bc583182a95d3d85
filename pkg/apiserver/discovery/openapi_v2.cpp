#include "api/kinds.h"
#include "pkg/apiserver/discovery/openapi_document.h"
#include "pkg/schema/openapi.h"

namespace gantry::apiserver {
namespace {

using api::meta::Kind;

Json reference_v2(const Kind& kind) {
  Json schema;
  schema.set("$ref", "#/definitions/" + definition_name(kind));
  return schema;
}

Json query_parameter_v2(std::string_view name, std::string_view doc) {
  Json parameter;
  parameter.set("name", name);
  parameter.set("in", "query");
  parameter.set("description", doc);
  parameter.set("type", "string");
  parameter.set("uniqueItems", true);
  return parameter;
}

Json path_parameter(std::string_view name) {
  Json parameter;
  parameter.set("name", name);
  parameter.set("in", "path");
  parameter.set("description", std::string(name) + " of the object");
  parameter.set("type", "string");
  parameter.set("required", true);
  return parameter;
}

// kubectl 1.20 looks for dryRun here before it asks for a dry run.
Json write_parameters(Json body_schema) {
  Json body;
  body.set("name", "body");
  body.set("in", "body");
  body.set("required", true);
  body.set("schema", std::move(body_schema));
  return Json::Array{body, query_parameter_v2("dryRun", "All: check everything, store nothing."),
                     query_parameter_v2("fieldManager", "Who makes this change."),
                     query_parameter_v2("fieldValidation", "Ignore, Warn or Strict (default).")};
}

Json operation_v2(const Kind& kind, std::string_view action) {
  Json made;
  made.set("x-kubernetes-action", action);
  made.set("x-kubernetes-group-version-kind", group_version_kind(kind));
  made.set("produces", Json::Array{"application/json"});
  auto& ok = made.member("responses").member("200");
  ok.set("description", "OK");
  ok.set("schema", reference_v2(kind));
  return made;
}

Json write_operation(const Kind& kind, std::string_view action) {
  Json made = operation_v2(kind, action);
  made.set("consumes", Json::Array{"application/json", "application/yaml"});
  made.set("parameters", write_parameters(reference_v2(kind)));
  return made;
}

Json patch_operation(const Kind& kind) {
  Json made = operation_v2(kind, "patch");
  made.set("consumes",
           Json::Array{"application/json-patch+json", "application/merge-patch+json",
                       "application/strategic-merge-patch+json", "application/apply-patch+yaml"});
  Json any;
  any.set("type", "object");
  auto parameters = write_parameters(std::move(any));
  parameters.push_back(
      query_parameter_v2("force", "Take fields over from other managers (apply)."));
  made.set("parameters", std::move(parameters));
  return made;
}

void add_paths(Json& paths, const Kind& kind) {
  const auto base = collection_path(kind);
  Json collection, object;
  Json scope = Json::array();
  if (kind.namespaced) scope.push_back(path_parameter("namespace"));
  collection.set("post", write_operation(kind, "post"));
  if (kind.stored) collection.set("get", operation_v2(kind, "list"));
  collection.set("parameters", scope);
  scope.push_back(path_parameter("name"));
  object.set("get", operation_v2(kind, "get"));
  object.set("put", write_operation(kind, "put"));
  object.set("patch", patch_operation(kind));
  object.set("delete", operation_v2(kind, "delete"));
  object.set("parameters", std::move(scope));
  paths.set(base, std::move(collection));
  if (kind.stored) paths.set(base + "/{name}", std::move(object));
}

}  // namespace

Json openapi_v2_document() {
  Json document;
  document.set("swagger", "2.0");
  document.member("info").set("title", "Gantry");
  document.member("info").set("version", "v1");
  for (const auto& kind : api::all_kinds()) {
    Json definition = schema::openapi(*kind.type(), schema::OpenApi::v2);
    definition.set("x-kubernetes-group-version-kind", Json::Array{group_version_kind(kind)});
    add_selectable_fields(kind, definition);
    document.member("definitions").set(definition_name(kind), std::move(definition));
    add_paths(document.member("paths"), kind);
  }
  return document;
}

}  // namespace gantry::apiserver
