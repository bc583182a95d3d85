#pragma once
// Lexer: CEL text as tokens.
// (github.com/google/cel-spec doc/langdef.md, "Syntax")
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/status.h"
#include "pkg/cel/syntax/ast.h"

namespace gantry::cel {

enum class TokenKind : uint8_t {
  end,
  identifier,   // also reserved words and true, false, null, in
  quoted_name,  // `app.kubernetes.io/name`, only after a dot
  literal,
  punctuation,
};

struct Token {
  TokenKind kind = TokenKind::end;
  Position at;
  size_t begin = 0;
  size_t end = 0;
  std::string text;  // identifier, name without backticks, punctuation; a number as written
  Value literal;     // strings and bytes; numbers are valued by the parser, which knows the sign
};

// The last token is `end`. Fails (invalid) with "line:column: what".
Result<std::vector<Token>> tokenize(std::string_view text);

// "line:column: message" as an invalid Status; the one form of all errors in a program's text. A
// message that quotes more than a few lines of the program is cut.
Status error_at(Position at, std::string_view message);

// Words that cannot name a variable or function: if, for, package, …
bool is_reserved(std::string_view word);
// Words that cannot even name a field: true, false, null, in.
bool is_keyword(std::string_view word);
// Whether it can stand after a dot without backticks.
bool is_selector(std::string_view word);

}  // namespace gantry::cel
