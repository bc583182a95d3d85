#pragma once
// What the client accepts, and what its body is.
#include <string>
#include <string_view>

#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

enum class Shape { object, table, partial };  // partial: PartialObjectMetadata(List)
struct Accepted {
  Shape shape = Shape::object;
  bool yaml = false;
  bool pretty = false;
};

// From Accept, User-Agent and ?pretty. kUnimplemented (406) when nothing we can write is accepted.
Result<Accepted> negotiate(const http::Request& request, bool pretty_query);

// The media type without parameters, lower case: "application/merge-patch+json".
std::string content_type(const http::Request& request);
// A JSON or YAML body as one value. kUnimplemented (415) for other types, kInvalid with line and
// column for text that cannot be parsed or is no single document.
Result<Json> read_body(const http::Request& request);

}  // namespace gantry::apiserver
