#pragma once
// Json: a JSON value in memory. Reading and writing text is pkg/schema's (RapidJSON); this type is
// what packages that never see text exchange.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "pkg/base/copy_on_write.h"

namespace gantry {

// A value type: copies behave as deep ones and cost little, as equal parts are shared until one of
// them changes (docs/adr/0021). Objects are sorted by key, so that equal values have equal text.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;
  enum class Kind { null, boolean, integer, real, string, array, object };

  Json() = default;
  Json(std::nullptr_t) {}                                  // NOLINT(google-explicit-constructor)
  Json(bool value) : value_(value) {}                      // NOLINT(google-explicit-constructor)
  Json(int value) : value_(int64_t{value}) {}              // NOLINT(google-explicit-constructor)
  Json(int64_t value) : value_(value) {}                   // NOLINT(google-explicit-constructor)
  Json(double value) : value_(value) {}                    // NOLINT(google-explicit-constructor)
  Json(const char* value) : value_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  Json(std::string value) : value_(std::move(value)) {}    // NOLINT(google-explicit-constructor)
  Json(std::string_view value)
      : value_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  Json(Array value) : value_(CopyOnWrite<Array>(std::move(value))) {}    // NOLINT
  Json(Object value) : value_(CopyOnWrite<Object>(std::move(value))) {}  // NOLINT
  static Json array() { return Json(Array{}); }
  static Json object() { return Json(Object{}); }

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_bool() const { return kind() == Kind::boolean; }
  bool is_integer() const { return kind() == Kind::integer; }
  bool is_number() const { return kind() == Kind::integer || kind() == Kind::real; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_object() const { return kind() == Kind::object; }

  // Each requires the kind it names; as_double() takes both kinds of number.
  bool as_bool() const { return std::get<bool>(value_); }
  int64_t as_integer() const { return std::get<int64_t>(value_); }
  double as_double() const;
  const std::string& as_string() const { return std::get<std::string>(value_); }
  const Array& as_array() const { return std::get<CopyOnWrite<Array>>(value_).read(); }
  Array& as_array() { return std::get<CopyOnWrite<Array>>(value_).write(); }
  const Object& as_object() const { return std::get<CopyOnWrite<Object>>(value_).read(); }
  Object& as_object() { return std::get<CopyOnWrite<Object>>(value_).write(); }

  // The member, or nullptr when this is no object or has none. Never inserts.
  const Json* find(std::string_view key) const;
  Json* find(std::string_view key);
  // Follows members: find_path({"metadata", "name"}).
  const Json* find_path(std::initializer_list<std::string_view> keys) const;
  // The member as text, or `fallback` when it is missing or no string.
  std::string string_or(std::string_view key, std::string_view fallback) const;
  int64_t integer_or(std::string_view key, int64_t fallback) const;
  bool bool_or(std::string_view key, bool fallback) const;

  // Sets a member; null becomes an object first. Requires null or object.
  void set(std::string_view key, Json value);
  // The member, inserted as null when missing; null becomes an object first.
  Json& member(std::string_view key);
  // Removes a member; false when there was none.
  bool erase(std::string_view key);
  // Appends; null becomes an array first. Requires null or array.
  void push_back(Json value);
  // Members or elements; 0 for scalars.
  size_t size() const;

  bool operator==(const Json& other) const = default;

 private:
  Object& changing_object();
  static Json& member_of(Object& object, std::string_view key);

  std::variant<std::nullptr_t, bool, int64_t, double, std::string, CopyOnWrite<Array>,
               CopyOnWrite<Object>>
      value_ = nullptr;
};

// "null", "boolean", "integer", "number", "string", "array", "object": for error messages.
std::string_view to_string(Json::Kind kind);

// Applies an RFC 7386 merge patch: null deletes, objects merge, everything else replaces.
void merge_patch(Json& target, const Json& patch);

}  // namespace gantry
