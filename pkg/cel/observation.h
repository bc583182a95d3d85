#pragma once
// From JSON to values: what was observed of the world, made ready for an Activation.
#include <string_view>

#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/cel/type.h"
#include "pkg/cel/value/value.h"

namespace gantry::cel {

// What a member that is declared but not there means.
enum class Observed {
  partly,      // we have not seen it: unknown, also to has()
  completely,  // it does not exist: has() is false, using it is an error
};

// JSON as it is: objects become maps, whole numbers int, others double, null null.
Value from_json(const Json& json);

// JSON as a value of the declared type. `path` is the variable's name and starts the names of what
// is unknown: "storage" gives "storage.avail". A declared field that is null does not exist.
// Members that are not declared are left out, as no program can name them. Times are RFC 3339 text,
// durations text such as "90s", bytes base64. Fails (schema) with the path of a member of the
// wrong type.
Result<Value> from_json(const Json& json, const Type& type, std::string_view path,
                        Observed observed);

}  // namespace gantry::cel
