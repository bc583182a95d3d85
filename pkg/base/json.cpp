#include "pkg/base/json.h"

#include <array>
#include <utility>

#include "pkg/base/check.h"

namespace gantry {
namespace {

// Texts that we have written ourselves come in this order: nothing is looked for.
bool is_behind(const Json::Object& object, std::string_view key) {
  return object.empty() || object.rbegin()->first < key;
}

}  // namespace

double Json::as_double() const {
  if (const auto* integer = std::get_if<int64_t>(&value_)) return static_cast<double>(*integer);
  return std::get<double>(value_);
}

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  const auto& object = as_object();
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &it->second;
}

Json* Json::find(std::string_view key) {
  // What is not there needs no copy of its own.
  if (std::as_const(*this).find(key) == nullptr) return nullptr;
  return &as_object().find(key)->second;
}

const Json* Json::find_path(std::initializer_list<std::string_view> keys) const {
  const Json* at = this;
  for (const auto key : keys) {
    at = at->find(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string Json::string_or(std::string_view key, std::string_view fallback) const {
  const auto* value = find(key);
  return value != nullptr && value->is_string() ? value->as_string() : std::string(fallback);
}

int64_t Json::integer_or(std::string_view key, int64_t fallback) const {
  const auto* value = find(key);
  return value != nullptr && value->is_integer() ? value->as_integer() : fallback;
}

bool Json::bool_or(std::string_view key, bool fallback) const {
  const auto* value = find(key);
  return value != nullptr && value->is_bool() ? value->as_bool() : fallback;
}

Json::Object& Json::changing_object() {
  if (is_null()) value_ = CopyOnWrite<Object>();
  GANTRY_CHECK(is_object());
  return std::get<CopyOnWrite<Object>>(value_).change();
}

Json& Json::member_of(Object& object, std::string_view key) {
  if (is_behind(object, key))
    return object.emplace_hint(object.end(), std::string(key), Json())->second;
  auto it = object.lower_bound(key);
  if (it == object.end() || it->first != key)
    it = object.emplace_hint(it, std::string(key), Json());
  return it->second;
}

Json& Json::member(std::string_view key) {
  changing_object();
  return member_of(as_object(), key);
}

void Json::set(std::string_view key, Json value) {
  auto& object = changing_object();
  if (is_behind(object, key))
    object.emplace_hint(object.end(), std::string(key), std::move(value));
  else
    member_of(object, key) = std::move(value);
}

bool Json::erase(std::string_view key) {
  if (std::as_const(*this).find(key) == nullptr) return false;
  auto& object = changing_object();
  object.erase(object.find(key));
  return true;
}

void Json::push_back(Json value) {
  if (is_null()) value_ = CopyOnWrite<Array>();
  GANTRY_CHECK(is_array());
  std::get<CopyOnWrite<Array>>(value_).change().push_back(std::move(value));
}

size_t Json::size() const {
  if (is_array()) return as_array().size();
  if (is_object()) return as_object().size();
  return 0;
}

std::string_view to_string(Json::Kind kind) {
  static constexpr std::array<std::string_view, 7> kNames{"null",   "boolean", "integer", "number",
                                                          "string", "array",   "object"};
  return kNames.at(static_cast<size_t>(kind));
}

void merge_patch(Json& target, const Json& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = Json::object();
  for (const auto& [key, value] : patch.as_object()) {
    if (value.is_null())
      target.erase(key);
    else
      merge_patch(target.member(key), value);
  }
}

}  // namespace gantry
