#include "pkg/schema/schema.h"

#include <algorithm>
#include <cmath>

#include <absl/strings/str_format.h>

#include "pkg/base/check.h"
#include "pkg/base/text.h"

namespace gantry::schema {

const Field* TypeInfo::field(std::string_view field_name) const {
  const auto found = std::ranges::find(fields, field_name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

TypeInfo one_of(TypeInfo info, OneOf rule) {
  for (const auto name : rule.fields) GANTRY_CHECK(info.field(name) != nullptr);
  info.one_of.push_back(std::move(rule));
  return info;
}

TypeInfo reserved(TypeInfo info, std::vector<Reserved> fields) {
  for (const auto& field : fields) GANTRY_CHECK(info.field(field.name) == nullptr);
  info.reserved = std::move(fields);
  return info;
}

namespace detail {

TypeInfo scalar(Kind kind, std::string_view name) {
  TypeInfo info;
  info.kind = kind;
  info.name = name;
  return info;
}

std::optional<std::string> write_integer(const Json& json, int64_t min, int64_t max, int64_t* out) {
  if (json.is_string() && parse_integer(json.as_string())) {
    return absl::StrFormat("must be an integer: %s without quotes", json.as_string());
  }
  if (json.kind() == Json::Kind::real) {
    // 2^63 is the first double that does not fit.
    const double value = json.as_double();
    if (value != std::floor(value)) return absl::StrFormat("must be a whole number, not %g", value);
    if (value < -9.2e18 || value > 9.2e18) return "must fit into 64 bits";
    *out = static_cast<int64_t>(value);
  } else if (json.is_integer()) {
    *out = json.as_integer();
  } else {
    return absl::StrFormat("must be an integer, not %s", to_string(json.kind()));
  }
  if (*out < min || *out > max) return absl::StrFormat("must be between %d and %d", min, max);
  return std::nullopt;
}

std::optional<std::string> write_text(const Json& json, std::string* out) {
  if (json.is_string()) {
    *out = json.as_string();
    return std::nullopt;
  }
  // The value itself may be a secret and is not repeated.
  if (json.is_number() || json.is_bool()) {
    return absl::StrFormat("must be a string: put the %s into quotes", to_string(json.kind()));
  }
  return absl::StrFormat("must be a string, not %s", to_string(json.kind()));
}

std::optional<std::string> write_name(const Json& json, const std::vector<std::string_view>& names,
                                      size_t* out) {
  std::string list;
  for (const auto name : names) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  if (!json.is_string()) {
    return absl::StrFormat("must be one of %s, not %s", list, to_string(json.kind()));
  }
  const auto found = std::ranges::find(names, json.as_string());
  if (found == names.end()) {
    return absl::StrFormat("must be one of %s, not \"%s\"", list, json.as_string());
  }
  *out = static_cast<size_t>(found - names.begin());
  return std::nullopt;
}

}  // namespace detail

TypeInfo describe(Type<bool>) {
  TypeInfo info = detail::scalar(Kind::boolean, "boolean");
  info.read = [](const void* value) { return Json(*static_cast<const bool*>(value)); };
  info.write = [](void* value, const Json& json) -> std::optional<std::string> {
    if (json.is_string() && (json.as_string() == "true" || json.as_string() == "false")) {
      return absl::StrFormat("must be a boolean: %s without quotes", json.as_string());
    }
    if (!json.is_bool()) {
      return absl::StrFormat("must be true or false, not %s", to_string(json.kind()));
    }
    *static_cast<bool*>(value) = json.as_bool();
    return std::nullopt;
  };
  return info;
}

TypeInfo describe(Type<double>) {
  TypeInfo info = detail::scalar(Kind::number, "number");
  info.read = [](const void* value) { return Json(*static_cast<const double*>(value)); };
  info.write = [](void* value, const Json& json) -> std::optional<std::string> {
    if (!json.is_number()) {
      return absl::StrFormat("must be a number, not %s", to_string(json.kind()));
    }
    *static_cast<double*>(value) = json.as_double();
    return std::nullopt;
  };
  return info;
}

TypeInfo describe(Type<std::string>) {
  TypeInfo info = detail::scalar(Kind::string, "string");
  info.read = [](const void* value) { return Json(*static_cast<const std::string*>(value)); };
  info.write = [](void* value, const Json& json) {
    return detail::write_text(json, static_cast<std::string*>(value));
  };
  return info;
}

TypeInfo describe(Type<Quantity>) {
  TypeInfo info = detail::scalar(Kind::quantity, "quantity");
  info.read = [](const void* value) { return Json(static_cast<const Quantity*>(value)->text()); };
  info.write = [](void* value, const Json& json) -> std::optional<std::string> {
    std::string text;
    if (json.is_integer()) {
      text = absl::StrFormat("%d", json.as_integer());
    } else if (json.is_string()) {
      text = json.as_string();
    } else {
      return absl::StrFormat("must be a quantity such as 512Mi, not %s", to_string(json.kind()));
    }
    const auto quantity = Quantity::parse(text);
    if (!quantity) {
      return absl::StrFormat(
          "must be a quantity: a number and one of Ki, Mi, Gi, Ti, k, M, G, T (512Mi, 8Gi), "
          "not \"%s\"",
          text);
    }
    *static_cast<Quantity*>(value) = *quantity;
    return std::nullopt;
  };
  return info;
}

TypeInfo describe(Type<Time>) {
  TypeInfo info = detail::scalar(Kind::time, "time");
  info.read = [](const void* value) { return Json(to_rfc3339(*static_cast<const Time*>(value))); };
  info.write = [](void* value, const Json& json) -> std::optional<std::string> {
    const auto time = json.is_string() ? from_rfc3339(json.as_string()) : std::nullopt;
    if (!time) return "must be a time as in RFC 3339: 2026-11-21T05:29:02Z";
    *static_cast<Time*>(value) = *time;
    return std::nullopt;
  };
  return info;
}

TypeInfo describe(Type<std::chrono::seconds>) {
  TypeInfo info = detail::scalar(Kind::integer, "seconds");
  info.read = [](const void* value) {
    return Json(int64_t{static_cast<const std::chrono::seconds*>(value)->count()});
  };
  info.write = [](void* value, const Json& json) {
    int64_t seconds = 0;
    // A hundred years: sums of two still fit into 64-bit nanoseconds.
    auto wrong = detail::write_integer(json, 0, 3'155'760'000, &seconds);
    if (!wrong) *static_cast<std::chrono::seconds*>(value) = std::chrono::seconds(seconds);
    return wrong;
  };
  return info;
}

TypeInfo describe(Type<Json>) {
  TypeInfo info = detail::scalar(Kind::any, "any");
  info.read = [](const void* value) { return *static_cast<const Json*>(value); };
  info.write = [](void* value, const Json& json) -> std::optional<std::string> {
    *static_cast<Json*>(value) = json;
    return std::nullopt;
  };
  return info;
}

}  // namespace gantry::schema
