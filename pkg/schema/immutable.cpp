#include <absl/strings/str_format.h>

#include "pkg/schema/codec_internal.h"
#include "pkg/schema/json.h"
#include "pkg/schema/validate.h"

namespace gantry::schema {
namespace {

std::string must_stay(const Field& field, const Json& before) {
  if (before.is_null()) return "must stay absent: it can be set only when the object is created";
  const std::string text = to_json(before);
  if (field.secret || text.size() > 80) return "must stay as it is: it cannot be changed";
  return absl::StrFormat("must stay %s: it cannot be changed", text);
}

// The element of a list that `key` says is the same one.
const Json& same_element(const Json& list, std::string_view key, const Json& value) {
  if (!list.is_array()) return absent_json();
  for (const auto& element : list.as_array()) {
    if (member_of(element, key) == value) return element;
  }
  return absent_json();
}

void compare(const TypeInfo& type, const Json& before, const Json& after, const std::string& path,
             Problems& problems);

void compare_field(const Field& field, const Json& before, const Json& after,
                   const std::string& path, Problems& problems) {
  if (field.immutable) {
    if (before == after) return;
    problems.push_back({path, Reason::forbidden, must_stay(field, before)});
    return;
  }
  const TypeInfo& type = *field.type();
  if (type.kind != Kind::list || field.list_map_key.empty() || !after.is_array()) {
    return compare(type, before, after, path, problems);
  }
  const auto& elements = after.as_array();
  for (size_t i = 0; i < elements.size(); ++i) {
    const Json& key = member_of(elements[i], field.list_map_key);
    const Json& old = same_element(before, field.list_map_key, key);
    compare(*type.element(), old, elements[i], index_path(path, i), problems);
  }
}

void compare(const TypeInfo& type, const Json& before, const Json& after, const std::string& path,
             Problems& problems) {
  // What appears as a whole or goes as a whole changes nothing inside.
  if (type.kind != Kind::object || !before.is_object() || !after.is_object()) return;
  for (const auto& field : type.fields) {
    compare_field(field, member_of(before, field.name), member_of(after, field.name),
                  join_path(path, field.name), problems);
  }
}

}  // namespace

Problems check_immutable(const TypeInfo& type, const Json& before, const Json& after) {
  Problems problems;
  compare(type, before, after, "", problems);
  return problems;
}

}  // namespace gantry::schema
