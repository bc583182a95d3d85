#pragma once
// What the client accepts.
#include <string>

#include "pkg/base/status.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

enum class Shape { object, table, partial };  // partial: PartialObjectMetadata(List)
struct Accepted {
  Shape shape = Shape::object;
  bool yaml = false;
  bool pretty = false;
  bool drop_managed_fields = false;  // KEP-5958: drop=metadata.managedFields
};

// From Accept, User-Agent and ?pretty (which wins over the user agent). kUnimplemented (406) when
// nothing we can write is accepted.
Result<Accepted> negotiate(const http::Request& request, std::string_view pretty_query);

}  // namespace gantry::apiserver
