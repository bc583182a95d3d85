#include <limits>
#include <string>

#include "pkg/cel/functions/natives.h"
#include "pkg/cel/value/time_text.h"

namespace gantry::cel {
namespace {

Value overflow(const Call& call) {
  return Value::error("overflow: " + call[0].to_text() + " " + call.name[1] + " " +
                      call[1].to_text() + " does not fit " +
                      std::string(type_name(call[0].kind())));
}

Value make(int64_t value) {
  return Value::integer(value);
}
Value make(uint64_t value) {
  return Value::uinteger(value);
}

// Applies one of the compiler's checked operations.
template <class Number, class Checked>
Value checked(const Call& call, Number a, Number b, Checked operation) {
  Number result = 0;
  return operation(a, b, &result) ? overflow(call) : make(result);
}

bool both(const Call& call, Kind kind) {
  return call[0].is(kind) && call[1].is(kind);
}

// Of int or uint; the other kinds are the caller's.
template <class Checked>
Value checked_whole(const Call& call, Checked operation) {
  if (both(call, Kind::integer)) {
    return checked(call, call[0].as_int(), call[1].as_int(), operation);
  }
  if (both(call, Kind::uinteger)) {
    return checked(call, call[0].as_uint(), call[1].as_uint(), operation);
  }
  return no_overload(call);
}

constexpr auto kAdd = [](auto a, auto b, auto* out) { return __builtin_add_overflow(a, b, out); };
constexpr auto kSubtract = [](auto a, auto b, auto* out) {
  return __builtin_sub_overflow(a, b, out);
};
constexpr auto kMultiply = [](auto a, auto b, auto* out) {
  return __builtin_mul_overflow(a, b, out);
};

Value checked_timestamp(absl::Time time) {
  if (in_range(time)) return Value::timestamp(time);
  return Value::error("timestamp out of range: only the years 1 to 9999 exist");
}

Value duration_range_error() {
  return Value::error("duration out of range: at most about 292 years");
}

template <class Checked>
Value checked_durations(const Call& call, Checked operation) {
  int64_t nanos = 0;
  if (operation(call[0].as_duration().count(), call[1].as_duration().count(), &nanos)) {
    return duration_range_error();
  }
  return Value::duration(Duration(nanos));
}

Value time_between(absl::Time later, absl::Time earlier) {
  const absl::Duration between = later - earlier;
  const int64_t nanos = absl::ToInt64Nanoseconds(between);  // saturates
  if (absl::Nanoseconds(nanos) != between) return duration_range_error();
  return Value::duration(Duration(nanos));
}

absl::Duration as_absl(const Value& duration) {
  return absl::FromChrono(duration.as_duration());
}

Value concatenate(const Call& call) {
  const bool is_string = call[0].is(Kind::string);
  const std::string& a = is_string ? call[0].as_string() : call[0].as_bytes();
  const std::string& b = is_string ? call[1].as_string() : call[1].as_bytes();
  if (!call.meter.charge_text(a.size() + b.size())) return Value();
  return is_string ? Value::string(a + b) : Value::bytes(a + b);
}

Value concatenate_lists(const Call& call) {
  const auto& a = call[0].as_list();
  const auto& b = call[1].as_list();
  if (!call.meter.charge(a.size() + b.size())) return Value();
  Value::List joined;
  joined.reserve(a.size() + b.size());
  joined.insert(joined.end(), a.begin(), a.end());
  joined.insert(joined.end(), b.begin(), b.end());
  return Value::list(std::move(joined));
}

// What divide and modulo refuse alike; null when there is nothing to refuse. `what` names the
// operation.
Value divisor_problem(const Call& call, const std::string& what) {
  const bool is_int = both(call, Kind::integer);
  if (!is_int && !both(call, Kind::uinteger)) return no_overload(call);
  if (is_int ? call[1].as_int() == 0 : call[1].as_uint() == 0) {
    return Value::error(what + " by zero");
  }
  const bool overflows =
      is_int && call[1].as_int() == -1 && call[0].as_int() == std::numeric_limits<int64_t>::min();
  return overflows ? overflow(call) : Value();
}

}  // namespace

Value negate(const Call& call) {
  if (call[0].is(Kind::real)) return Value::real(-call[0].as_double());
  if (!call[0].is(Kind::integer)) return no_overload(call);
  int64_t result = 0;
  if (__builtin_sub_overflow(int64_t{0}, call[0].as_int(), &result)) {
    return Value::error("overflow: -(" + call[0].to_text() + ") does not fit int");
  }
  return Value::integer(result);
}

Value add(const Call& call) {
  if (both(call, Kind::real)) return Value::real(call[0].as_double() + call[1].as_double());
  if (both(call, Kind::string) || both(call, Kind::bytes)) return concatenate(call);
  if (both(call, Kind::list)) return concatenate_lists(call);
  if (both(call, Kind::duration)) return checked_durations(call, kAdd);
  if (call[0].is(Kind::timestamp) && call[1].is(Kind::duration)) {
    return checked_timestamp(call[0].as_timestamp() + as_absl(call[1]));
  }
  if (call[0].is(Kind::duration) && call[1].is(Kind::timestamp)) {
    return checked_timestamp(call[1].as_timestamp() + as_absl(call[0]));
  }
  return checked_whole(call, kAdd);
}

Value subtract(const Call& call) {
  if (both(call, Kind::real)) return Value::real(call[0].as_double() - call[1].as_double());
  if (both(call, Kind::duration)) return checked_durations(call, kSubtract);
  if (both(call, Kind::timestamp)) {
    return time_between(call[0].as_timestamp(), call[1].as_timestamp());
  }
  if (call[0].is(Kind::timestamp) && call[1].is(Kind::duration)) {
    return checked_timestamp(call[0].as_timestamp() - as_absl(call[1]));
  }
  return checked_whole(call, kSubtract);
}

Value multiply(const Call& call) {
  if (both(call, Kind::real)) return Value::real(call[0].as_double() * call[1].as_double());
  return checked_whole(call, kMultiply);
}

Value divide(const Call& call) {
  if (both(call, Kind::real)) return Value::real(call[0].as_double() / call[1].as_double());
  if (Value problem = divisor_problem(call, "division"); problem.is_error()) return problem;
  if (call[0].is(Kind::integer)) return Value::integer(call[0].as_int() / call[1].as_int());
  return Value::uinteger(call[0].as_uint() / call[1].as_uint());
}

Value modulo(const Call& call) {
  if (Value problem = divisor_problem(call, "modulus"); problem.is_error()) return problem;
  if (call[0].is(Kind::integer)) return Value::integer(call[0].as_int() % call[1].as_int());
  return Value::uinteger(call[0].as_uint() % call[1].as_uint());
}

}  // namespace gantry::cel
