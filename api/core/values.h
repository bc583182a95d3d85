#pragma once
// What ConfigMap and Secret have in common: maps of values, and being immutable.
#include <initializer_list>

#include "pkg/base/json.h"
#include "pkg/schema/problem.h"

namespace gantry::api::core {

// How many values the maps of those names hold together.
Json count_values(const Json& object, std::initializer_list<const char*> maps);

// Problems when an object that says `immutable: true` changes that, or one of the maps.
schema::Problems check_immutable(const Json& before, const Json& after,
                                 std::initializer_list<const char*> maps);

}  // namespace gantry::api::core
