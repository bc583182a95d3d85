#pragma once
// Whether bytes are text.
#include <string>
#include <string_view>

namespace gantry::schema {

bool is_ascii(std::string_view bytes);
// RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
bool is_utf8(std::string_view bytes);
// With U+FFFD in place of every byte that is in no valid sequence.
std::string to_utf8(std::string_view bytes);

}  // namespace gantry::schema
