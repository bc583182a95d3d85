#include "pkg/cel/observation.h"

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/text.h"
#include "pkg/cel/value/time_text.h"
#include "pkg/cel/value/utf8.h"

namespace gantry::cel {
namespace {

Status wrong_type(const Json& json, const Type& type, std::string_view path) {
  return error(ErrorClass::schema, "%s: is %s, must be %s", path, to_string(json.kind()),
               type.to_text());
}

Result<Value> object_from_json(const Json& json, const Type& type, std::string_view path,
                               Observed observed) {
  if (!json.is_object()) return wrong_type(json, type, path);
  std::vector<Value::Entry> entries;
  for (const auto& [name, field] : type.object().fields) {
    const std::string member_path = std::string(path) + "." + name;
    const Json* const member = json.find(name);
    if (member == nullptr) {
      if (observed == Observed::completely) continue;
      entries.emplace_back(Value::string(name), Value::unknown(member_path));
    } else if (!member->is_null()) {
      GANTRY_TRY_ASSIGN(Value value, from_json(*member, field.type, member_path, observed));
      entries.emplace_back(Value::string(name), std::move(value));
    }
  }
  return Value::map(std::move(entries));
}

Result<Value> list_from_json(const Json& json, const Type& type, std::string_view path,
                             Observed observed) {
  if (!json.is_array()) return wrong_type(json, type, path);
  Value::List elements;
  for (const Json& element : json.as_array()) {
    const std::string element_path =
        std::string(path) + "[" + std::to_string(elements.size()) + "]";
    GANTRY_TRY_ASSIGN(Value value, from_json(element, type.element(), element_path, observed));
    elements.push_back(std::move(value));
  }
  return Value::list(std::move(elements));
}

Result<Value> map_from_json(const Json& json, const Type& type, std::string_view path,
                            Observed observed) {
  if (!json.is_object()) return wrong_type(json, type, path);
  std::vector<Value::Entry> entries;
  for (const auto& [key, member] : json.as_object()) {
    const std::string member_path = std::string(path) + "." + key;
    GANTRY_TRY_ASSIGN(Value value, from_json(member, type.value(), member_path, observed));
    entries.emplace_back(Value::string(key), std::move(value));
  }
  return Value::map(std::move(entries));
}

std::optional<Value> whole_number(const Json& json, TypeKind kind) {
  int64_t number = 0;
  if (json.is_integer()) {
    number = json.as_integer();
  } else {
    // Servers write whole numbers as 1e9 or 3.0 now and then.
    const double real = json.as_double();
    if (real != std::trunc(real) || std::abs(real) > 9e15) return std::nullopt;
    number = static_cast<int64_t>(real);
  }
  if (kind == TypeKind::integer) return Value::integer(number);
  if (number < 0) return std::nullopt;
  return Value::uinteger(static_cast<uint64_t>(number));
}

std::optional<Value> from_text(const std::string& text, TypeKind kind) {
  switch (kind) {
    case TypeKind::string:
      if (!is_utf8(text)) return std::nullopt;
      return Value::string(text);
    case TypeKind::bytes:
      if (const auto bytes = base64_decode(text)) return Value::bytes(*bytes);
      return std::nullopt;
    case TypeKind::timestamp:
      if (const auto time = parse_timestamp(text)) return Value::timestamp(*time);
      return std::nullopt;
    case TypeKind::duration:
      if (const auto duration = parse_duration(text)) return Value::duration(*duration);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Value> scalar_from_json(const Json& json, TypeKind kind) {
  const bool is_whole = kind == TypeKind::integer || kind == TypeKind::uinteger;
  if (json.is_number() && is_whole) return whole_number(json, kind);
  if (json.is_number() && kind == TypeKind::real) return Value::real(json.as_double());
  if (json.is_bool() && kind == TypeKind::boolean) return Value::boolean(json.as_bool());
  if (json.is_null() && kind == TypeKind::null) return Value();
  return json.is_string() ? from_text(json.as_string(), kind) : std::nullopt;
}

}  // namespace

Value from_json(const Json& json) {
  switch (json.kind()) {
    case Json::Kind::null:
      return {};
    case Json::Kind::boolean:
      return Value::boolean(json.as_bool());
    case Json::Kind::integer:
      return Value::integer(json.as_integer());
    case Json::Kind::real:
      return Value::real(json.as_double());
    case Json::Kind::string:
      return Value::string(json.as_string());
    case Json::Kind::array: {
      Value::List elements;
      for (const Json& element : json.as_array()) elements.push_back(from_json(element));
      return Value::list(std::move(elements));
    }
    case Json::Kind::object: {
      std::vector<Value::Entry> entries;
      for (const auto& [key, member] : json.as_object()) {
        entries.emplace_back(Value::string(key), from_json(member));
      }
      return Value::map(std::move(entries));
    }
  }
  return {};
}

Result<Value> from_json(const Json& json, const Type& type, std::string_view path,
                        Observed observed) {
  switch (type.kind()) {
    case TypeKind::dyn:
      return from_json(json);
    case TypeKind::object:
      return object_from_json(json, type, path, observed);
    case TypeKind::list:
      return list_from_json(json, type, path, observed);
    case TypeKind::map:
      return map_from_json(json, type, path, observed);
    default:
      break;
  }
  if (auto value = scalar_from_json(json, type.kind())) return *std::move(value);
  return wrong_type(json, type, path);
}

}  // namespace gantry::cel
