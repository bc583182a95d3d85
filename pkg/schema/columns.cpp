#include "pkg/schema/columns.h"

#include "pkg/base/text.h"

namespace gantry::schema {
namespace {

// One step of a path: "name", then any number of "[…]".
const Json* select(const Json& value, std::string_view bracket) {
  const size_t equals = bracket.find('=');
  if (value.is_object()) return value.find(bracket);
  if (!value.is_array()) return nullptr;
  if (equals == std::string_view::npos) {
    const auto index = parse_integer(bracket);
    const bool there = index && *index >= 0 && static_cast<size_t>(*index) < value.size();
    return there ? &value.as_array()[static_cast<size_t>(*index)] : nullptr;
  }
  const auto key = bracket.substr(0, equals);
  const auto wanted = bracket.substr(equals + 1);
  for (const auto& element : value.as_array()) {
    const Json* member = element.find(key);
    if (member != nullptr && member->is_string() && member->as_string() == wanted) return &element;
  }
  return nullptr;
}

Json age(const Json& value, Time now) {
  const auto time = value.is_string() ? from_rfc3339(value.as_string()) : std::nullopt;
  if (!time) return {};
  return human_duration(std::max(Duration{}, now - *time));
}

}  // namespace

const Json* find_path(const Json& object, std::string_view path) {
  const Json* value = &object;
  while (value != nullptr && !path.empty()) {
    if (path.front() == '[') {
      const size_t end = path.find(']');
      if (end == std::string_view::npos) return nullptr;
      value = select(*value, path.substr(1, end - 1));
      path.remove_prefix(end + 1);
    } else {
      const size_t end = std::min(path.find_first_of(".["), path.size());
      value = value->find(path.substr(0, end));
      path.remove_prefix(end);
    }
    if (!path.empty() && path.front() == '.') path.remove_prefix(1);
  }
  return value;
}

Json cell(const Column& column, const Json& object) {
  if (column.value != nullptr) return column.value(object);
  const Json* found = find_path(object, column.path);
  return found == nullptr ? Json() : *found;
}

std::vector<Json> cells(const std::vector<Column>& columns, const Json& object, Time now) {
  std::vector<Json> row;
  for (const auto& column : columns) {
    auto value = cell(column, object);
    row.push_back(column.type == "date" ? age(value, now) : std::move(value));
  }
  return row;
}

}  // namespace gantry::schema
