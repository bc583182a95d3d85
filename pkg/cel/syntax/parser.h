#pragma once
// Parser: CEL text as a tree. Recursive descent; nesting is bounded, so that no text can exhaust
// the stack.
#include <string_view>

#include "pkg/base/status.h"
#include "pkg/cel/syntax/ast.h"

namespace gantry::cel {

// More nesting than this is an error. The language asks for at least 32.
inline constexpr int kMaxNesting = 100;
// The depth of a tree: also a + b + c + … nests, to the left.
inline constexpr int kMaxDepth = 250;

// Fails (invalid) with "line:column: what" at the first error. Never returns nullptr.
Result<ExprPtr> parse(std::string_view text);

}  // namespace gantry::cel
