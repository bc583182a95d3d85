#include "pkg/cel/functions/library.h"

#include <algorithm>
#include <array>
#include <string>

#include "pkg/cel/functions/natives.h"

namespace gantry::cel {
namespace {

constexpr auto kFunctions = std::to_array<Function>({
    {"!_", logical_not},
    {"-_", negate},
    {"_+_", add},
    {"_-_", subtract},
    {"_*_", multiply},
    {"_/_", divide},
    {"_%_", modulo},
    {"_==_", equals},
    {"_!=_", not_equals},
    {"_<_", less},
    {"_<=_", less_equals},
    {"_>_", greater},
    {"_>=_", greater_equals},
    {"@in", contains_element},
    {"_[_]", element_at},
    {"size", size_of},
    {"contains", contains_text},
    {"startsWith", starts_with_text},
    {"endsWith", ends_with_text},
    {"matches", matches},
    {"int", to_int},
    {"uint", to_uint},
    {"double", to_double},
    {"bool", to_bool},
    {"string", to_string},
    {"bytes", to_bytes},
    {"timestamp", to_timestamp, true},
    {"duration", to_duration, true},
    {"dyn", to_dyn},
    {"type", to_type},
    {"quantity", to_quantity, true},
    {"getFullYear", get_time_part},
    {"getMonth", get_time_part},
    {"getDate", get_time_part},
    {"getDayOfMonth", get_time_part},
    {"getDayOfWeek", get_time_part},
    {"getDayOfYear", get_time_part},
    {"getHours", get_time_part},
    {"getMinutes", get_time_part},
    {"getSeconds", get_time_part},
    {"getMilliseconds", get_time_part},
});

}  // namespace

int find_function(std::string_view name) {
  const auto same = [&](const Function& function) { return function.name == name; };
  const auto* const found = std::find_if(kFunctions.begin(), kFunctions.end(), same);
  return found == kFunctions.end() ? -1 : static_cast<int>(found - kFunctions.begin());
}

const Function& function(int index) {
  return kFunctions.at(static_cast<size_t>(index));
}

Value no_overload(const Call& call) {
  std::string message = "no such overload: " + std::string(call.name) + "(";
  for (size_t i = 0; i < call.args.size(); ++i) {
    if (i > 0) message += ", ";
    message += type_name(call[i].kind());
  }
  return Value::error(message + ")");
}

}  // namespace gantry::cel
