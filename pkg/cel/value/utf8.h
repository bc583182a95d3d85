#pragma once
// Just enough UTF-8 for a language whose strings are sequences of code points.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::cel {

// Whether every sequence is well-formed: shortest form, no surrogates, at most U+10FFFF.
bool is_utf8(std::string_view text);
// The number of code points. Requires UTF-8; counts lead bytes otherwise.
size_t count_code_points(std::string_view text);
// Appends the encoding; false (and nothing appended) for surrogates and beyond U+10FFFF.
bool append_utf8(std::string& text, uint32_t code_point);

}  // namespace gantry::cel
