#include "pkg/pve/http/fields.h"

#include <algorithm>
#include <cmath>

#include <absl/strings/str_format.h>

#include "pkg/base/text.h"

namespace gantry::pve {
namespace {

constexpr size_t kOdditiesMax = 50;

std::optional<int64_t> whole(double value) {
  constexpr double kLimit = 9.2e18;
  if (!(std::fabs(value) < kLimit)) return std::nullopt;
  return static_cast<int64_t>(value);
}

}  // namespace

std::optional<std::string> as_text(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::string:
      return value.as_string();
    case Json::Kind::boolean:
      return value.as_bool() ? "1" : "0";
    case Json::Kind::integer:
      return std::to_string(value.as_integer());
    case Json::Kind::real:
      return absl::StrFormat("%g", value.as_double());
    default:
      return std::nullopt;
  }
}

std::optional<int64_t> as_integer(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::boolean:
      return value.as_bool() ? 1 : 0;
    case Json::Kind::integer:
      return value.as_integer();
    case Json::Kind::real:
      return whole(value.as_double());
    case Json::Kind::string: {
      if (const auto number = parse_integer(trim(value.as_string()))) return number;
      const auto number = parse_double(trim(value.as_string()));
      return number ? whole(*number) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<double> as_number(const Json& value) {
  if (value.is_number()) return value.as_double();
  if (value.is_bool()) return value.as_bool() ? 1 : 0;
  if (!value.is_string()) return std::nullopt;
  const auto number = parse_double(trim(value.as_string()));
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<bool> as_flag(const Json& value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_number()) return value.as_double() != 0;
  if (!value.is_string()) return std::nullopt;
  const auto text = to_lower(trim(value.as_string()));
  if (text == "1" || text == "on" || text == "yes" || text == "true") return true;
  if (text == "0" || text == "off" || text == "no" || text == "false" || text.empty()) return false;
  return std::nullopt;
}

const Json* Row::find(std::string_view key) const {
  const auto* value = object_.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

template <class T>
std::optional<T> Row::read(std::string_view key, std::optional<T> (*as)(const Json&),
                           std::string_view kind) const {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  auto result = as(*value);
  if (!result && odd_.size() < kOdditiesMax)
    odd_.push_back(absl::StrFormat("%s: expected %s, got %s", key, kind, to_string(value->kind())));
  return result;
}

std::optional<std::string> Row::text(std::string_view key) const {
  return read(key, &as_text, "text");
}
std::optional<int64_t> Row::integer(std::string_view key) const {
  return read(key, &as_integer, "an integer");
}
std::optional<double> Row::number(std::string_view key) const {
  return read(key, &as_number, "a number");
}
std::optional<bool> Row::flag(std::string_view key) const {
  return read(key, &as_flag, "a boolean");
}

std::vector<std::string> split_list(std::string_view text) {
  std::string list(text);
  std::ranges::replace_if(
      list, [](char c) { return c == ',' || c == ' '; }, ';');
  auto parts = split(list, ';');
  std::erase(parts, "");
  return parts;
}

}  // namespace gantry::pve
