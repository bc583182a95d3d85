#pragma once
// Equality and order of values, as the CEL language definition has them.
// (github.com/google/cel-spec doc/langdef.md, "Equality and Ordering")
#include <compare>

#include "pkg/cel/value/meter.h"
#include "pkg/cel/value/value.h"

namespace gantry::cel {

// Order on one number line, without rounding: 9007199254740993 > 9007199254740992.0.
// Requires two numbers (int, uint or double); unordered with NaN.
std::partial_ordering compare_numbers(const Value& a, const Value& b);

// true, false, or unknown when it depends on an unknown inside. Numbers compare across types, other
// values of different types are different; NaN differs from itself. Requires two values. When the
// meter runs dry the answer is false and worthless.
Value equal(const Value& a, const Value& b, Meter& meter);

// Whether there is an order between values of these kinds.
bool is_ordered(Kind a, Kind b);
// Requires is_ordered(). Strings compare by code point, which for UTF-8 is by byte.
std::partial_ordering compare(const Value& a, const Value& b, Meter& meter);

}  // namespace gantry::cel
