#pragma once
// Declare a type once; codec, validation, defaults, OpenAPI, reference pages and redaction walk the
// TypeInfo that the declaration yields. Templates stay in this header; the walkers are plain code.
//
// A declaration stands beside the struct, in its namespace, where `type_of` finds it:
//
//   struct Port { std::string name; int port = 0; };
//   schema::TypeInfo describe(schema::Type<Port>);            // port.h
//
//   TypeInfo describe(Type<Port>) {                           // port.cpp
//     return object<Port>("Port", "A port the App listens on.", {
//         field<&Port::name>("name", "Name others refer to.", required, format::port_name),
//         field<&Port::port>("port", "TCP port inside the container.", required, Range{1, 65535}),
//     });
//   }
//
// Member initialisers are the defaults: a member that is neither required nor std::optional and
// whose initialiser is not zero or empty is filled in by defaulting and shown in the reference.
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/strong.h"
#include "pkg/base/time.h"
#include "pkg/schema/format.h"
#include "pkg/schema/problem.h"
#include "pkg/schema/quantity.h"

namespace gantry::schema {

enum class Kind {
  boolean,
  integer,
  number,
  string,
  enumeration,    // of names
  quantity,       // "1Gi", or a plain number of units
  time,           // RFC 3339, whole seconds
  int_or_string,  // a number or a name
  any,            // any JSON
  object,         // fields
  list,           // elements
  map,            // names to elements
};

struct TypeInfo;
using TypeOf = const TypeInfo* (*)();

struct Range {
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
};

// A field of an object: how to reach it, and what must hold for it. Constraints on a list or a map
// hold for each element; Items counts them.
struct Field {
  std::string_view name;
  std::string_view doc;
  TypeOf type = nullptr;
  const void* (*get)(const void* object) = nullptr;  // nullptr: an absent optional
  void* (*mutate)(void* object) = nullptr;           // makes an absent optional present
  bool optional = false;                             // std::optional
  bool required = false;
  bool immutable = false;
  bool secret = false;  // redacted wherever objects are shown
  bool always = false;  // encoded even when zero or empty
  std::optional<Range> range, length, items;
  const Format* format = nullptr;
  const Format* key_format = nullptr;  // of a map's names
  std::string_view list_map_key;       // elements are told apart by this field
  bool set = false;                    // elements are unique
  std::string_view example;
  std::string_view on_change;  // what a change of it does to what is there
};

// A field that this version knows of but does not serve: refused with `hint`.
struct Reserved {
  std::string_view name;
  std::string_view hint;
};

// Of these fields exactly one must be given (at least one, at most one).
struct OneOf {
  enum class Count { exactly_one, at_least_one, at_most_one };
  Count count;
  std::vector<std::string_view> fields;
};

// What is known about a type. Built once per type by describe(); lives for ever.
struct TypeInfo {
  Kind kind = Kind::any;
  std::string_view name;
  std::string_view doc;

  // Scalars. `write` answers what would be right ("must be an integer") when the value is not.
  Json (*read)(const void*) = nullptr;
  std::optional<std::string> (*write)(void*, const Json&) = nullptr;
  std::vector<std::string_view> values;  // enumeration

  // Objects.
  std::vector<Field> fields;
  std::vector<Reserved> reserved;
  std::vector<OneOf> one_of;
  const void* (*defaults)() = nullptr;        // one made by the initialisers
  std::shared_ptr<void> (*make)() = nullptr;  // a new one
  Problems (*check)(const void*) = nullptr;   // cross-field rules; paths below the object

  // Lists and maps.
  TypeOf element = nullptr;
  void (*clear)(void*) = nullptr;
  size_t (*size)(const void*) = nullptr;
  const void* (*at)(const void*, size_t) = nullptr;                // list
  void* (*append)(void*) = nullptr;                                // list
  std::vector<std::string> (*keys)(const void*) = nullptr;         // map, sorted
  const void* (*find)(const void*, const std::string&) = nullptr;  // map
  void* (*insert)(void*, const std::string&) = nullptr;            // map

  const Field* field(std::string_view field_name) const;
};

template <class T>
struct Type {};

// The description of T; T's namespace declares `TypeInfo describe(Type<T>)`.
template <class T>
const TypeInfo* type_of() {
  static const TypeInfo info = describe(Type<T>{});
  return &info;
}

// --- the vocabulary of declarations ---------------------------------------------------------

inline constexpr struct Required {
} required;
inline constexpr struct Immutable {
} immutable;
inline constexpr struct Secret {
} secret;
inline constexpr struct Always {
} always;
inline constexpr struct Set {
} set;
struct Length {
  int64_t min, max;
};
struct Items {
  int64_t min, max;
};
struct MapKey {
  std::string_view field;
};
struct Keys {
  const Format& format;
};
struct Example {
  std::string_view text;
};
struct OnChange {
  std::string_view text;
};

inline void apply(Field& field, Required) {
  field.required = true;
}
inline void apply(Field& field, Immutable) {
  field.immutable = true;
}
inline void apply(Field& field, Secret) {
  field.secret = true;
}
inline void apply(Field& field, Always) {
  field.always = true;
}
inline void apply(Field& field, Set) {
  field.set = true;
}
inline void apply(Field& field, Range range) {
  field.range = range;
}
inline void apply(Field& field, Length length) {
  field.length = Range{length.min, length.max};
}
inline void apply(Field& field, Items items) {
  field.items = Range{items.min, items.max};
}
inline void apply(Field& field, MapKey key) {
  field.list_map_key = key.field;
}
inline void apply(Field& field, Keys keys) {
  field.key_format = &keys.format;
}
inline void apply(Field& field, Example example) {
  field.example = example.text;
}
inline void apply(Field& field, OnChange change) {
  field.on_change = change.text;
}
inline void apply(Field& field, const Format& format) {
  field.format = &format;
}

namespace detail {

template <class M>
struct Unwrap {
  using type = M;
  static constexpr bool optional = false;
};
template <class M>
struct Unwrap<std::optional<M>> {
  using type = M;
  static constexpr bool optional = true;
};

template <auto Member>
struct Access;
template <class C, class M, M C::*Member>
struct Access<Member> {
  using Value = typename Unwrap<M>::type;
  static constexpr bool kOptional = Unwrap<M>::optional;
  static const void* get(const void* object) {
    const M& member = static_cast<const C*>(object)->*Member;
    if constexpr (kOptional) {
      return member ? &*member : nullptr;
    } else {
      return &member;
    }
  }
  static void* mutate(void* object) {
    M& member = static_cast<C*>(object)->*Member;
    if constexpr (kOptional) {
      if (!member) member = Value();
      return &*member;
    } else {
      return &member;
    }
  }
};

TypeInfo scalar(Kind kind, std::string_view name);
std::optional<std::string> write_integer(const Json& json, int64_t min, int64_t max, int64_t* out);
std::optional<std::string> write_text(const Json& json, std::string* out);
std::optional<std::string> write_name(const Json& json, const std::vector<std::string_view>& names,
                                      size_t* out);

}  // namespace detail

template <auto Member, class... Traits>
Field field(std::string_view name, std::string_view doc, const Traits&... traits) {
  using Access = detail::Access<Member>;
  Field result;
  result.name = name;
  result.doc = doc;
  result.type = &type_of<typename Access::Value>;
  result.get = &Access::get;
  result.mutate = &Access::mutate;
  result.optional = Access::kOptional;
  (apply(result, traits), ...);
  return result;
}

template <class T>
TypeInfo object(std::string_view name, std::string_view doc, std::vector<Field> fields) {
  TypeInfo info = detail::scalar(Kind::object, name);
  info.doc = doc;
  info.fields = std::move(fields);
  info.defaults = []() -> const void* {
    static const T value{};
    return &value;
  };
  info.make = []() -> std::shared_ptr<void> { return std::make_shared<T>(); };
  return info;
}

// Adds cross-field rules: checked<AppSpec, &check>(object<AppSpec>(…)). They are asked only when
// every field of the object is right by itself.
template <class T, Problems (*Check)(const T&)>
TypeInfo checked(TypeInfo info) {
  info.check = [](const void* object) { return Check(*static_cast<const T*>(object)); };
  return info;
}
TypeInfo one_of(TypeInfo info, OneOf rule);
TypeInfo reserved(TypeInfo info, std::vector<Reserved> fields);

// `E` counts from 0 in the order of `names`.
template <class E>
TypeInfo enumeration(std::string_view name, std::string_view doc,
                     std::vector<std::string_view> names) {
  TypeInfo info = detail::scalar(Kind::enumeration, name);
  info.doc = doc;
  info.values = std::move(names);
  info.read = [](const void* value) {
    return Json(type_of<E>()->values.at(static_cast<size_t>(*static_cast<const E*>(value))));
  };
  info.write = [](void* value, const Json& json) {
    size_t index = 0;
    auto wrong = detail::write_name(json, type_of<E>()->values, &index);
    if (!wrong) *static_cast<E*>(value) = static_cast<E>(index);
    return wrong;
  };
  return info;
}
// The name of an enumeration's value, as in JSON.
template <class E>
std::string_view name_of(E value) {
  return type_of<E>()->values.at(static_cast<size_t>(value));
}

}  // namespace gantry::schema

#include "pkg/schema/builtin.h"  // the types everybody has
