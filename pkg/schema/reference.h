#pragma once
// Reference pages for people, in Markdown.
#include <string>

#include "pkg/schema/schema.h"

namespace gantry::schema {

// One table of fields for the object and one for each object below it, each under a heading of
// `level` with its path ("spec.rootDisk", "spec.networks[]"). Recursion of types ends at the path
// where it begins.
std::string reference(const TypeInfo& type, std::string_view path, int level);

// One line that says what is accepted: "integer, 0 to 100", "list of strings: must be …".
std::string describe_type(const Field& field);

}  // namespace gantry::schema
