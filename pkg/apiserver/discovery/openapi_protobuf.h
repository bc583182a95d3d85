#pragma once
// An OpenAPI v2 document in protobuf: the only form that older kubectl and Argo CD read.
#include <string>

#include "pkg/base/json.h"

namespace gantry::apiserver {

// gnostic's openapi.v2.Document of openapi_v2_document(). Knows the members that our documents
// have; O(document). Source: github.com/google/gnostic, openapiv2/OpenAPIv2.proto.
std::string openapi_v2_protobuf(const Json& document);

}  // namespace gantry::apiserver
