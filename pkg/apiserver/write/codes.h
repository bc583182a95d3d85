#pragma once
// Which failure of the catalogue it is that an object is refused for.
#include <string_view>

#include "pkg/schema/problem.h"

namespace gantry::apiserver {

// CEL-003: an expression that does not compile. MC-008: a name that what it names does not allow.
// CON-005: what only root@pam may set. MC-001: every other field that is missing or wrong.
std::string_view code_of(const schema::Problem& problem);

}  // namespace gantry::apiserver
