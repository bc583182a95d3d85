#pragma once
// Descriptions of the types everybody has: numbers, texts, times, strong ids, lists and maps.
// schema.h includes this file; nobody else does.
#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "pkg/schema/schema.h"

namespace gantry::schema {

TypeInfo describe(Type<bool>);
TypeInfo describe(Type<double>);
TypeInfo describe(Type<std::string>);
TypeInfo describe(Type<Quantity>);
TypeInfo describe(Type<Time>);
TypeInfo describe(Type<std::chrono::seconds>);
TypeInfo describe(Type<Json>);

template <class T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) TypeInfo describe(Type<T>) {
  TypeInfo info = detail::scalar(Kind::integer, "integer");
  info.read = [](const void* value) {
    return Json(static_cast<int64_t>(*static_cast<const T*>(value)));
  };
  info.write = [](void* value, const Json& json) {
    int64_t number = 0;
    auto wrong = detail::write_integer(json, std::numeric_limits<T>::min(),
                                       std::numeric_limits<T>::max(), &number);
    if (!wrong) *static_cast<T*>(value) = static_cast<T>(number);
    return wrong;
  };
  return info;
}

// Strong ids look like what they hold.
template <class Tag>
TypeInfo describe(Type<Strong<Tag, std::string>>) {
  TypeInfo info = detail::scalar(Kind::string, "string");
  info.read = [](const void* value) {
    return Json(static_cast<const Strong<Tag, std::string>*>(value)->get());
  };
  info.write = [](void* value, const Json& json) {
    std::string text;
    auto wrong = detail::write_text(json, &text);
    if (!wrong) {
      *static_cast<Strong<Tag, std::string>*>(value) = Strong<Tag, std::string>(std::move(text));
    }
    return wrong;
  };
  return info;
}
template <class Tag>
TypeInfo describe(Type<Strong<Tag, int64_t>>) {
  TypeInfo info = detail::scalar(Kind::integer, "integer");
  info.read = [](const void* value) {
    return Json(static_cast<const Strong<Tag, int64_t>*>(value)->get());
  };
  info.write = [](void* value, const Json& json) {
    int64_t number = 0;
    auto wrong = detail::write_integer(json, std::numeric_limits<int64_t>::min(),
                                       std::numeric_limits<int64_t>::max(), &number);
    if (!wrong) *static_cast<Strong<Tag, int64_t>*>(value) = Strong<Tag, int64_t>(number);
    return wrong;
  };
  return info;
}

template <class T>
TypeInfo describe(Type<std::vector<T>>) {
  using List = std::vector<T>;
  TypeInfo info = detail::scalar(Kind::list, "list");
  info.element = &type_of<T>;
  info.size = [](const void* list) { return static_cast<const List*>(list)->size(); };
  info.at = [](const void* list, size_t index) -> const void* {
    return &(*static_cast<const List*>(list))[index];
  };
  info.clear = [](void* list) { static_cast<List*>(list)->clear(); };
  info.append = [](void* list) -> void* { return &static_cast<List*>(list)->emplace_back(); };
  return info;
}

template <class T>
TypeInfo describe(Type<std::map<std::string, T>>) {
  using Map = std::map<std::string, T>;
  TypeInfo info = detail::scalar(Kind::map, "map");
  info.element = &type_of<T>;
  info.size = [](const void* map) { return static_cast<const Map*>(map)->size(); };
  info.keys = [](const void* map) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : *static_cast<const Map*>(map)) keys.push_back(key);
    return keys;
  };
  info.find = [](const void* map, const std::string& key) -> const void* {
    const auto found = static_cast<const Map*>(map)->find(key);
    return found == static_cast<const Map*>(map)->end() ? nullptr : &found->second;
  };
  info.clear = [](void* map) { static_cast<Map*>(map)->clear(); };
  info.insert = [](void* map, const std::string& key) -> void* {
    return &(*static_cast<Map*>(map))[key];
  };
  return info;
}

}  // namespace gantry::schema
