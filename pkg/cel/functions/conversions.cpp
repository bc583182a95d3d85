#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "pkg/base/text.h"
#include "pkg/cel/functions/natives.h"
#include "pkg/cel/value/print.h"
#include "pkg/cel/value/time_text.h"
#include "pkg/cel/value/utf8.h"

namespace gantry::cel {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

Value cannot_convert(const Call& call, std::string_view wanted) {
  return Value::error(call[0].to_text(80) + " is not " + std::string(wanted));
}

Value out_of_range(const Call& call) {
  return Value::error(call[0].to_text(80) + " is out of the range of " + std::string(call.name));
}

// The whole text as a number; std::from_chars reads no plus sign.
template <class Number>
std::errc read_number(std::string_view text, Number& number) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return error;
  return end == text.data() + text.size() ? std::errc() : std::errc::invalid_argument;
}

template <class Number>
Value parse_number(const Call& call, Value (*make)(Number), std::string_view wanted) {
  Number number = 0;
  const std::errc error = read_number(call[0].as_string(), number);
  if (error == std::errc::result_out_of_range) return out_of_range(call);
  return error == std::errc() ? make(number) : cannot_convert(call, wanted);
}

}  // namespace

Value to_int(const Call& call) {
  const Value& value = call[0];
  switch (value.kind()) {
    case Kind::integer:
      return value;
    case Kind::uinteger:
      if (!std::in_range<int64_t>(value.as_uint())) return out_of_range(call);
      return Value::integer(static_cast<int64_t>(value.as_uint()));
    case Kind::real:
      // The limits themselves are refused too, as the conversion could not tell them from rounding.
      if (!(value.as_double() > -kTwoTo63 && value.as_double() < kTwoTo63)) {
        return out_of_range(call);
      }
      return Value::integer(static_cast<int64_t>(value.as_double()));
    case Kind::string:
      return parse_number<int64_t>(call, Value::integer, "an int");
    case Kind::timestamp:
      return Value::integer(absl::ToUnixSeconds(value.as_timestamp()));
    default:
      return no_overload(call);
  }
}

Value to_uint(const Call& call) {
  const Value& value = call[0];
  switch (value.kind()) {
    case Kind::uinteger:
      return value;
    case Kind::integer:
      if (value.as_int() < 0) return out_of_range(call);
      return Value::uinteger(static_cast<uint64_t>(value.as_int()));
    case Kind::real:
      if (!(value.as_double() >= 0 && value.as_double() < kTwoTo64)) return out_of_range(call);
      return Value::uinteger(static_cast<uint64_t>(value.as_double()));
    case Kind::string:
      return parse_number<uint64_t>(call, Value::uinteger, "a uint");
    default:
      return no_overload(call);
  }
}

Value to_double(const Call& call) {
  const Value& value = call[0];
  switch (value.kind()) {
    case Kind::real:
      return value;
    case Kind::integer:
      return Value::real(static_cast<double>(value.as_int()));
    case Kind::uinteger:
      return Value::real(static_cast<double>(value.as_uint()));
    case Kind::string:
      return parse_number<double>(call, Value::real, "a double");
    default:
      return no_overload(call);
  }
}

Value to_bool(const Call& call) {
  if (call[0].is(Kind::boolean)) return call[0];
  if (!call[0].is(Kind::string)) return no_overload(call);
  const std::string& text = call[0].as_string();
  for (const std::string_view yes : {"true", "True", "TRUE", "t", "1"}) {
    if (text == yes) return Value::boolean(true);
  }
  for (const std::string_view no : {"false", "False", "FALSE", "f", "0"}) {
    if (text == no) return Value::boolean(false);
  }
  return cannot_convert(call, "a bool");
}

Value to_string(const Call& call) {
  const Value& value = call[0];
  switch (value.kind()) {
    case Kind::string:
      return value;
    case Kind::boolean:
      return Value::string(value.as_bool() ? "true" : "false");
    case Kind::integer:
      return Value::string(std::to_string(value.as_int()));
    case Kind::uinteger:
      return Value::string(std::to_string(value.as_uint()));
    case Kind::real:
      return Value::string(double_text(value.as_double()));
    case Kind::bytes:
      if (!call.meter.charge_text(value.as_bytes().size())) return Value();
      if (!is_utf8(value.as_bytes())) return Value::error("invalid UTF-8 in bytes");
      return Value::string(value.as_bytes());
    case Kind::timestamp:
      return Value::string(to_text(value.as_timestamp()));
    case Kind::duration:
      return Value::string(to_text(value.as_duration()));
    default:
      return no_overload(call);
  }
}

Value to_bytes(const Call& call) {
  if (call[0].is(Kind::bytes)) return call[0];
  if (!call[0].is(Kind::string)) return no_overload(call);
  call.meter.charge_text(call[0].as_string().size());
  return Value::bytes(call[0].as_string());
}

Value to_timestamp(const Call& call) {
  if (call[0].is(Kind::timestamp)) return call[0];
  if (call[0].is(Kind::integer)) {
    const absl::Time time = absl::FromUnixSeconds(call[0].as_int());
    return in_range(time) ? Value::timestamp(time) : out_of_range(call);
  }
  if (!call[0].is(Kind::string)) return no_overload(call);
  const auto time = parse_timestamp(call[0].as_string());
  if (time) return Value::timestamp(*time);
  return cannot_convert(call, "an RFC 3339 time in the range of the years 1 to 9999");
}

Value to_duration(const Call& call) {
  if (call[0].is(Kind::duration)) return call[0];
  if (!call[0].is(Kind::string)) return no_overload(call);
  const auto duration = parse_duration(call[0].as_string());
  if (duration) return Value::duration(*duration);
  return cannot_convert(call, "a duration such as \"1h30m\" in the range of 292 years");
}

Value to_dyn(const Call& call) {
  return call[0];
}

Value to_type(const Call& call) {
  return Value::type(call[0].kind());
}

Value to_quantity(const Call& call) {
  if (!call[0].is(Kind::string)) return no_overload(call);
  const auto bytes = parse_quantity(call[0].as_string());
  if (bytes) return Value::integer(*bytes);
  return cannot_convert(call, "a quantity such as \"20Gi\" or \"500M\"");
}

}  // namespace gantry::cel
