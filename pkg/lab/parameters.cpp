#include "pkg/lab/parameters.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::lab {
namespace {

constexpr const char* kUnknown =
    "property is not defined in schema and the schema does not allow additional properties";
constexpr const char* kMissing = "property is missing and it is not optional";

const char* type_name(Parameter::Type type) {
  switch (type) {
    case Parameter::Type::string:
      return "string";
    case Parameter::Type::integer:
      return "integer";
    case Parameter::Type::number:
      return "number";
    case Parameter::Type::boolean:
      return "boolean";
  }
  return "?";
}

bool has_type(Parameter::Type type, const std::string& value) {
  switch (type) {
    case Parameter::Type::string:
      return true;
    case Parameter::Type::integer:
      return parse_integer(value).has_value();
    case Parameter::Type::number:
      return parse_double(value).has_value();
    // At top level a form says 0 or 1; words are for property strings only (observed).
    case Parameter::Type::boolean:
      return value == "0" || value == "1";
  }
  return false;
}

std::string number_text(double value) {
  return std::to_string(static_cast<int64_t>(value));
}

std::optional<std::string> check_range(const Parameter& parameter, const std::string& value) {
  const auto number = parse_double(value);
  if (!number.has_value()) return std::nullopt;
  if (parameter.maximum.has_value() && *number > *parameter.maximum) {
    return "value must have a maximum value of " + number_text(*parameter.maximum);
  }
  if (parameter.minimum.has_value() && *number < *parameter.minimum) {
    return "value must have a minimum value of " + number_text(*parameter.minimum);
  }
  return std::nullopt;
}

std::optional<std::string> check_length(const Parameter& parameter, const std::string& value) {
  if (parameter.max_length.has_value() && value.size() > *parameter.max_length) {
    return "value may only be " + std::to_string(*parameter.max_length) + " characters long";
  }
  if (parameter.min_length.has_value() && value.size() < *parameter.min_length) {
    return "value must be at least " + std::to_string(*parameter.min_length) + " characters long";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> check_value(const Parameter& parameter, const std::string& name,
                                       const std::string& value, bool modern) {
  if (!has_type(parameter.type, value)) {
    return std::string("type check ('") + type_name(parameter.type) + "') failed - got '" + value +
           "'";
  }
  if (!parameter.format.empty()) {
    auto wrong = check_format(parameter.format, name, value, modern);
    if (wrong.has_value()) return wrong;
  }
  if (parameter.pattern.has_value() && !parameter.pattern->matches(value)) {
    return "value does not match the regex pattern";
  }
  if (auto wrong = check_length(parameter, value); wrong.has_value()) return wrong;
  if (parameter.type != Parameter::Type::string) {
    if (auto wrong = check_range(parameter, value); wrong.has_value()) return wrong;
  }
  const auto& choices = parameter.choices;
  if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) {
    return std::nullopt;
  }
  return "value '" + value + "' does not have a value in the enumeration '" + join(choices, ", ") +
         "'";
}

Refusal check_parameters(const CallSchema& schema, const Params& params, bool modern) {
  std::map<std::string, std::string> errors;
  for (const auto& [name, value] : params.values()) {
    if (params.is_null(name)) continue;
    const auto* parameter = schema.find(name);
    if (parameter == nullptr) {
      errors[name] = kUnknown;
      continue;
    }
    if (params.is_array(name)) {
      errors[name] =
          std::string("type check ('") + type_name(parameter->type) + "') failed - got ARRAY";
    } else if (auto wrong = check_value(*parameter, name, value, modern); wrong.has_value()) {
      errors[name] = std::move(*wrong);
    }
    const auto& companion = parameter->companion;
    if (!companion.empty() && !params.has(companion)) {
      errors[companion] = "missing property - '" + name + "' requires this property";
    }
  }
  for (const auto& [name, parameter] : schema.parameters) {
    if (!parameter.optional && !params.has(name)) errors[name] = kMissing;
  }
  if (errors.empty()) return std::nullopt;
  return bad_parameters(std::move(errors));
}

}  // namespace gantry::lab
