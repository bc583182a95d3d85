#pragma once
#include <string_view>

#include "pkg/http/http.h"

namespace gantry::apiserver {

// Adds a Warning header's value, 299 - "text" (RFC 7234 §5.5), as kubectl shows it to people; after
// those that are there already. Control characters become spaces.
void add_warning(http::Response& response, std::string_view text);

}  // namespace gantry::apiserver
