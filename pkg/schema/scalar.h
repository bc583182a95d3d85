#pragma once
// What a plain YAML scalar means.
#include <optional>
#include <string_view>

#include "pkg/base/json.h"

namespace gantry::schema {

// YAML 1.2's core schema: null, boolean, integer (decimal, 0o17, 0xff), number, else string.
// nullopt for .inf and .nan, which JSON does not have.
std::optional<Json> resolve_plain(std::string_view text);

// True when some YAML reader (1.1 or 1.2) takes the plain text for something else than this string.
bool needs_quotes(std::string_view text);

// UTF-8 without control characters but tab and newline, and without what some take for line ends.
bool is_printable(std::string_view text);

}  // namespace gantry::schema
