#pragma once
// What the walkers share.
#include "pkg/schema/schema.h"

namespace gantry::schema {

// null, false, 0, "", [] and {}.
bool is_zero(const Json& value);

// What a field is when nobody gives it: its initialiser. Zero when it is required or optional.
Json default_of(const TypeInfo& type, const Field& field);

// Adds what is wrong with a value by itself: range, length, format, items, unique keys.
void check_constraints(const Field& field, const void* value, std::string_view path,
                       Problems& problems);

// A bound of a range, as people write such a value.
std::string bound(const TypeInfo& type, int64_t value);

// null, as long as the program.
const Json& absent_json();
// A member of an object; null when it has none, or is none.
const Json& member_of(const Json& object, std::string_view name);

// The name of `known` that was probably meant; empty when none is near.
std::string nearest(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace gantry::schema
