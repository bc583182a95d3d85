#pragma once
// The native functions behind library.h, by topic. Each checks its arguments' kinds itself.
#include "pkg/cel/functions/library.h"

namespace gantry::cel {

// operators.cpp
Value logical_not(const Call& call);
Value equals(const Call& call);
Value not_equals(const Call& call);
Value less(const Call& call);
Value less_equals(const Call& call);
Value greater(const Call& call);
Value greater_equals(const Call& call);
Value contains_element(const Call& call);
Value element_at(const Call& call);

// arithmetic.cpp
Value negate(const Call& call);
Value add(const Call& call);
Value subtract(const Call& call);
Value multiply(const Call& call);
Value divide(const Call& call);
Value modulo(const Call& call);

// strings.cpp
Value size_of(const Call& call);
Value contains_text(const Call& call);
Value starts_with_text(const Call& call);
Value ends_with_text(const Call& call);
Value matches(const Call& call);

// conversions.cpp
Value to_int(const Call& call);
Value to_uint(const Call& call);
Value to_double(const Call& call);
Value to_bool(const Call& call);
Value to_string(const Call& call);
Value to_bytes(const Call& call);
Value to_timestamp(const Call& call);
Value to_duration(const Call& call);
Value to_dyn(const Call& call);
Value to_type(const Call& call);
Value to_quantity(const Call& call);

// times.cpp: every getter of a timestamp's or duration's parts
Value get_time_part(const Call& call);

}  // namespace gantry::cel
