#pragma once
// OpenAPI schemas from declarations.
#include "pkg/schema/schema.h"

namespace gantry::schema {

enum class OpenApi { v2, v3 };

// The schema of a type with everything in it in place, as Kubernetes publishes those of custom
// resources: descriptions, required fields, bounds, formats, enumerations, defaults, list types.
Json openapi(const TypeInfo& type, OpenApi version);

}  // namespace gantry::schema
