#pragma once
// The OpenAPI documents as JSON values.
#include <string>

#include "api/meta/kind.h"
#include "pkg/base/json.h"

namespace gantry::apiserver {

// The v3 document of one group and version. kubectl takes from it who validates (the parameter
// fieldValidation), how apply merges (the media types of PATCH) and what explain says.
Json openapi_v3_document(const std::string& group, const std::string& version);

// The v2 document (Swagger) of everything, for kubectl ≤ 1.27 and Argo CD.
Json openapi_v2_document();

// "api/v1", "apis/gantry.dev/v1alpha1".
std::string group_path(const std::string& group, const std::string& version);
// The collection: "/api/v1/namespaces/{namespace}/secrets".
std::string collection_path(const api::meta::Kind& kind);
// The schema's name: "dev.gantry.v1alpha1.App", "io.k8s.api.core.v1.Secret".
std::string definition_name(const api::meta::Kind& kind);
// {group, version, kind}
Json group_version_kind(const api::meta::Kind& kind);
// What field selectors may name beyond metadata, as newer servers say it of their own resources:
// x-kubernetes-selectable-fields.
void add_selectable_fields(const api::meta::Kind& kind, Json& schema);

}  // namespace gantry::apiserver
