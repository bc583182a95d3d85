#include "pkg/cel/value/compare.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gantry::cel {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

std::partial_ordering compare_double_int(double a, int64_t b) {
  if (std::isnan(a)) return std::partial_ordering::unordered;
  if (a < -kTwoTo63) return std::partial_ordering::less;
  if (a >= kTwoTo63) return std::partial_ordering::greater;
  const double whole = std::trunc(a);
  const auto truncated = static_cast<int64_t>(whole);
  if (truncated != b) return truncated <=> b;
  return a <=> whole;
}

std::partial_ordering compare_double_uint(double a, uint64_t b) {
  if (std::isnan(a)) return std::partial_ordering::unordered;
  if (a < 0) return std::partial_ordering::less;
  if (a >= kTwoTo64) return std::partial_ordering::greater;
  const double whole = std::trunc(a);
  const auto truncated = static_cast<uint64_t>(whole);
  if (truncated != b) return truncated <=> b;
  return a <=> whole;
}

std::partial_ordering compare_int_uint(int64_t a, uint64_t b) {
  if (std::cmp_less(a, b)) return std::partial_ordering::less;
  return std::cmp_equal(a, b) ? std::partial_ordering::equivalent : std::partial_ordering::greater;
}

std::partial_ordering reverse(std::partial_ordering order) {
  return 0 <=> order;
}

Value equal_lists(const Value::List& a, const Value::List& b, Meter& meter) {
  if (a.size() != b.size()) return Value::boolean(false);
  Value result = Value::boolean(true);
  for (size_t i = 0; i < a.size(); ++i) {
    Value same = equal(a[i], b[i], meter);
    if (same.is_false()) return same;
    if (!same.is_unknown()) continue;
    result = result.is_unknown() ? Value::unknown(result, same) : same;
  }
  return result;
}

Value equal_maps(const Map& a, const Map& b, Meter& meter) {
  if (a.size() != b.size()) return Value::boolean(false);
  Value result = Value::boolean(true);
  for (const auto& [key, value] : a.entries()) {
    const Value* other = b.find(key);
    if (other == nullptr) return Value::boolean(false);
    Value same = equal(value, *other, meter);
    if (same.is_false()) return same;
    if (!same.is_unknown()) continue;
    result = result.is_unknown() ? Value::unknown(result, same) : same;
  }
  return result;
}

bool charge_texts(const std::string& a, const std::string& b, Meter& meter) {
  return meter.charge_text(std::min(a.size(), b.size()));
}

// Requires two values of one kind that is neither list, map, nor a number.
bool equal_scalars(const Value& a, const Value& b, Meter& meter) {
  switch (a.kind()) {
    case Kind::null:
      return true;
    case Kind::boolean:
      return a.as_bool() == b.as_bool();
    case Kind::string:
      return charge_texts(a.as_string(), b.as_string(), meter) && a.as_string() == b.as_string();
    case Kind::bytes:
      return charge_texts(a.as_bytes(), b.as_bytes(), meter) && a.as_bytes() == b.as_bytes();
    case Kind::timestamp:
      return a.as_timestamp() == b.as_timestamp();
    case Kind::duration:
      return a.as_duration() == b.as_duration();
    case Kind::type:
      return a.as_type() == b.as_type();
    default:
      return false;
  }
}

}  // namespace

std::partial_ordering compare_numbers(const Value& a, const Value& b) {
  if (a.is(Kind::real)) {
    if (b.is(Kind::real)) return a.as_double() <=> b.as_double();
    if (b.is(Kind::integer)) return compare_double_int(a.as_double(), b.as_int());
    return compare_double_uint(a.as_double(), b.as_uint());
  }
  if (b.is(Kind::real)) return reverse(compare_numbers(b, a));
  if (a.is(Kind::integer)) {
    if (b.is(Kind::integer)) return a.as_int() <=> b.as_int();
    return compare_int_uint(a.as_int(), b.as_uint());
  }
  if (b.is(Kind::integer)) return reverse(compare_int_uint(b.as_int(), a.as_uint()));
  return a.as_uint() <=> b.as_uint();
}

Value equal(const Value& a, const Value& b, Meter& meter) {
  if (!meter.charge(1)) return Value::boolean(false);
  if (a.is_unknown()) return b.is_unknown() ? Value::unknown(a, b) : a;
  if (b.is_unknown()) return b;
  if (a.is_number() && b.is_number()) return Value::boolean(compare_numbers(a, b) == 0);
  if (a.kind() != b.kind()) return Value::boolean(false);
  if (a.is(Kind::list)) return equal_lists(a.as_list(), b.as_list(), meter);
  if (a.is(Kind::map)) return equal_maps(a.as_map(), b.as_map(), meter);
  return Value::boolean(equal_scalars(a, b, meter));
}

bool is_ordered(Kind a, Kind b) {
  const auto number = [](Kind kind) {
    return kind == Kind::integer || kind == Kind::uinteger || kind == Kind::real;
  };
  if (number(a) && number(b)) return true;
  if (a != b) return false;
  return a == Kind::boolean || a == Kind::string || a == Kind::bytes || a == Kind::timestamp ||
         a == Kind::duration;
}

std::partial_ordering compare(const Value& a, const Value& b, Meter& meter) {
  if (a.is_number()) return compare_numbers(a, b);
  switch (a.kind()) {
    case Kind::boolean:
      return a.as_bool() <=> b.as_bool();
    case Kind::string:
      if (!charge_texts(a.as_string(), b.as_string(), meter)) break;
      return a.as_string() <=> b.as_string();
    case Kind::bytes:
      if (!charge_texts(a.as_bytes(), b.as_bytes(), meter)) break;
      return a.as_bytes() <=> b.as_bytes();
    case Kind::timestamp:
      if (a.as_timestamp() == b.as_timestamp()) return std::partial_ordering::equivalent;
      return a.as_timestamp() < b.as_timestamp() ? std::partial_ordering::less
                                                 : std::partial_ordering::greater;
    case Kind::duration:
      return a.as_duration() <=> b.as_duration();
    default:
      break;
  }
  return std::partial_ordering::unordered;
}

}  // namespace gantry::cel
