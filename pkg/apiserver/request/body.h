#pragma once
// The body of a request as a JSON value.
#include <string>

#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

// The media type without parameters, lower case: "application/merge-patch+json".
std::string content_type(const http::Request& request);
// A JSON, YAML or protobuf body as one value. kUnimplemented (415) for other types, kInvalid with
// line and column, or the byte, for what cannot be parsed or is no single document.
Result<Json> read_body(const http::Request& request);

}  // namespace gantry::apiserver
