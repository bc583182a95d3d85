#pragma once
// Macros: calls that the parser turns into something else, because their arguments are not values.
#include "pkg/base/status.h"
#include "pkg/cel/syntax/ast.h"

namespace gantry::cel {

// Turns a call of has, all, exists, exists_one, map or filter into the expression it stands for;
// leaves every other call as it is. Fails when the arguments are not what the macro needs.
Status expand_macro(Expr& call);

}  // namespace gantry::cel
