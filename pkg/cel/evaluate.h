#pragma once
// Evaluation of a checked tree. Pure: no I/O, no clock; the same tree and values give the same
// result at the same cost.
#include "pkg/cel/activation.h"
#include "pkg/cel/syntax/ast.h"
#include "pkg/cel/value/meter.h"
#include "pkg/cel/value/value.h"

namespace gantry::cel {

// A value, unknown, or an error with its place. Requires a tree that check() completed. When the
// meter is exhausted afterwards, the result is worthless.
Value evaluate(const Expr& expr, const Activation& activation, Meter& meter);

}  // namespace gantry::cel
