#pragma once
// What a change of an object's fields does to what is there already.
#include <string>
#include <vector>

#include "pkg/schema/schema.h"

namespace gantry::schema {

struct FieldEffect {
  std::string path;  // "spec.resources.memory"
  std::string_view effect;
};

// The fields that differ between two versions of an object and whose declaration, or that of what
// they are in, says what a change of it does (OnChange; the innermost counts). Lists are compared
// as a whole. In the order of the declaration.
std::vector<FieldEffect> effects_of(const TypeInfo& type, const Json& before, const Json& after);

}  // namespace gantry::schema
