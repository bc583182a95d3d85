#pragma once
// The values of literals as written in a program.
#include <optional>
#include <string>
#include <string_view>

#include "pkg/cel/value/value.h"

namespace gantry::cel {

// What an escape sequence does wrong and where in the body it starts.
struct EscapeError {
  size_t offset = 0;
  std::string message;
};

// Resolves the escapes of a string or bytes literal's body. In strings \x, \X and octal escapes
// name code points, in bytes they name octets; \u and \U are for strings only.
std::optional<EscapeError> unescape(std::string_view body, bool is_bytes, std::string& out);

// "17", "0x1F", "17u", "1.5e3" with the sign that stands before it; an error value when it does not
// fit its type.
Value number_literal(std::string_view text, bool negative);

}  // namespace gantry::cel
