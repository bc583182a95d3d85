#pragma once
// The type checker: names are resolved, calls are compared with the functions' signatures.
#include "pkg/base/status.h"
#include "pkg/cel/syntax/ast.h"
#include "pkg/cel/type.h"

namespace gantry::cel {

// The type of the whole expression. Fails (invalid) with "line:column: what; hint" at the first
// mistake. Completes the tree for evaluation: names of types become literals, calls know their
// function, and literal patterns, quantities, times and durations are worked out here, so that a
// wrong one is an error of the program's text.
Result<Type> check(Expr& expr, const Declarations& declarations);

}  // namespace gantry::cel
