#pragma once
// The body of a request as a JSON value.
#include <string>

#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

// The media type without parameters, lower case: "application/merge-patch+json".
std::string content_type(const http::Request& request);
// A JSON or YAML body as one value. kUnimplemented (415) for other types, kInvalid with line and
// column for text that cannot be parsed or is no single document.
Result<Json> read_body(const http::Request& request);

}  // namespace gantry::apiserver
