#pragma once
// Typed objects in and out of Json.
#include <string>
#include <utility>

#include "pkg/schema/schema.h"

namespace gantry::schema {

// How much is asked of what is read.
enum class Input {
  strict,  // from people: unknown fields are refused, everything declared is checked
  stored,  // from our own store: unknown fields (of a newer version) and broken rules are passed
           // over
};

// Reads `json` into `object` and reports all problems at once (about 100 at most), below `path`.
// Null counts as absent. Fields that are missing keep what `object` has. With problems the object
// is partly written.
void read(const TypeInfo& type, void* object, const Json& json, Input input, std::string_view path,
          Problems& problems);
// Optionals that are absent are left out, and so is what is zero or empty and reads back as that.
Json write(const TypeInfo& type, const void* object);

// What a person sent. On kInvalid `problems` says what is wrong, where, and what would be right.
template <class T>
Result<T> decode(const Json& json, Problems& problems) {
  T object{};
  const size_t before = problems.size();
  read(*type_of<T>(), &object, json, Input::strict, "", problems);
  if (problems.size() > before) return to_status(problems);
  return object;
}
template <class T>
Result<T> decode(const Json& json) {
  Problems problems;
  return decode<T>(json, problems);
}
// What the store holds. kDataLoss (ErrorClass::schema) when a field has another type.
template <class T>
Result<T> decode_stored(const Json& json) {
  T object{};
  Problems problems;
  read(*type_of<T>(), &object, json, Input::stored, "", problems);
  if (!problems.empty()) return make_error(ErrorClass::schema, message_of(to_status(problems)));
  return object;
}
template <class T>
Json encode(const T& object) {
  return write(*type_of<T>(), &object);
}

}  // namespace gantry::schema
