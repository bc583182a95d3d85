#pragma once
// What an object would take, without writing it.
#include "pkg/base/json.h"

namespace gantry::apiserver {

// About as many bytes as its text has. O(values).
size_t approximate_size(const Json& value);

}  // namespace gantry::apiserver
