#include <algorithm>

#include "pkg/apiserver/discovery/openapi_document.h"
#include "pkg/base/text.h"

namespace gantry::apiserver {

std::string group_path(const std::string& group, const std::string& version) {
  return group.empty() ? "api/" + version : "apis/" + group + "/" + version;
}

std::string collection_path(const api::meta::Kind& kind) {
  auto path = "/" + group_path(std::string(kind.group), std::string(kind.version));
  if (kind.namespaced) path += "/namespaces/{namespace}";
  return path + "/" + std::string(kind.plural);
}

std::string definition_name(const api::meta::Kind& kind) {
  auto labels = split(kind.group, '.');
  std::ranges::reverse(labels);
  std::string prefix = join(labels, ".");
  // Kubernetes' own are called by their Go package: k8s.io/api/rbac/v1.
  if (kind.group.empty()) prefix = "io.k8s.api.core";
  if (kind.group.ends_with(".k8s.io")) prefix = "io.k8s.api." + labels.back();
  return prefix + "." + std::string(kind.version) + "." + std::string(kind.kind);
}

Json group_version_kind(const api::meta::Kind& kind) {
  Json gvk;
  gvk.set("group", kind.group);
  gvk.set("version", kind.version);
  gvk.set("kind", kind.kind);
  return gvk;
}

void add_selectable_fields(const api::meta::Kind& kind, Json& schema) {
  if (kind.selectable.empty()) return;
  Json fields = Json::array();
  for (const auto path : kind.selectable) {
    Json field;
    field.set("fieldPath", path);
    fields.push_back(std::move(field));
  }
  schema.set("x-kubernetes-selectable-fields", std::move(fields));
}

}  // namespace gantry::apiserver
