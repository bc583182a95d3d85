#pragma once
// Values as CEL source text.
#include <string>
#include <string_view>

namespace gantry::cel {

// A string literal in double quotes. Requires UTF-8.
std::string quote(std::string_view text);
// A bytes literal: b"…", everything but ASCII escaped.
std::string quote_bytes(std::string_view data);
// The shortest text that reads back as the same double; "NaN", "Infinity", "-Infinity".
std::string double_text(double number);

}  // namespace gantry::cel
