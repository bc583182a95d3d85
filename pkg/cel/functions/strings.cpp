#include <string>

#include "pkg/base/status.h"
#include "pkg/cel/functions/natives.h"
#include "pkg/cel/value/utf8.h"

namespace gantry::cel {
namespace {

bool are_strings(const Call& call) {
  return call[0].is(Kind::string) && call[1].is(Kind::string);
}

}  // namespace

Value size_of(const Call& call) {
  const Value& value = call[0];
  const auto as_int = [](size_t size) { return Value::integer(static_cast<int64_t>(size)); };
  switch (value.kind()) {
    case Kind::string:
      call.meter.charge_text(value.as_string().size());
      return as_int(count_code_points(value.as_string()));
    case Kind::bytes:
      return as_int(value.as_bytes().size());
    case Kind::list:
      return as_int(value.as_list().size());
    case Kind::map:
      return as_int(value.as_map().size());
    default:
      return no_overload(call);
  }
}

Value contains_text(const Call& call) {
  if (!are_strings(call)) return no_overload(call);
  const std::string& text = call[0].as_string();
  const std::string& part = call[1].as_string();
  // Searching takes the product of the sizes when the text is made for it.
  if (!call.meter.charge((text.size() / 64 + 1) * (part.size() / 64 + 1))) return Value();
  return Value::boolean(text.find(part) != std::string::npos);
}

Value starts_with_text(const Call& call) {
  if (!are_strings(call)) return no_overload(call);
  call.meter.charge_text(call[1].as_string().size());
  return Value::boolean(call[0].as_string().starts_with(call[1].as_string()));
}

Value ends_with_text(const Call& call) {
  if (!are_strings(call)) return no_overload(call);
  call.meter.charge_text(call[1].as_string().size());
  return Value::boolean(call[0].as_string().ends_with(call[1].as_string()));
}

Value matches(const Call& call) {
  if (!are_strings(call)) return no_overload(call);
  const std::string& text = call[0].as_string();
  const std::string& pattern = call[1].as_string();
  if (!call.meter.charge((text.size() / 64 + 1) * (pattern.size() / 64 + 1))) return Value();
  if (call.regex != nullptr) return Value::boolean(call.regex->matches(text));
  // Compiling is dear: up to milliseconds, where a comparison takes nanoseconds.
  if (!call.meter.charge(1000 + pattern.size())) return Value();
  const auto regex = Regex::compile(pattern);
  if (!regex.ok()) return Value::error(message_of(regex.status()));
  return Value::boolean((*regex)->matches(text));
}

}  // namespace gantry::cel
