#include <algorithm>
#include <set>

#include <absl/strings/str_format.h>

#include "pkg/base/text.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/codec_internal.h"

namespace gantry::schema {

std::string bound(const TypeInfo& type, int64_t value) {
  if (type.kind != Kind::quantity) return std::to_string(value);
  return Quantity::of_bytes(value).text();
}

namespace {

// What was given, for a message; nothing of secrets and of long texts.
std::string but_is(const Field& field, const std::string& text) {
  if (field.secret || text.size() > 80) return "";
  return absl::StrFormat(", not \"%s\"", text);
}

void check_range(const Field& field, const TypeInfo& type, const void* value, std::string_view path,
                 Problems& problems) {
  const Json json = type.read(value);
  double number = 0;
  std::string text;
  if (type.kind == Kind::quantity) {
    number = static_cast<double>(static_cast<const Quantity*>(value)->bytes());
    text = json.as_string();
  } else {
    number = json.as_double();
    text = json.is_integer() ? std::to_string(json.as_integer()) : absl::StrFormat("%g", number);
  }
  const auto [min, max] = *field.range;
  // Bounds are far below 2^53, so that doubles compare exactly.
  if (number >= static_cast<double>(min) && number <= static_cast<double>(max)) return;
  problems.push_back({std::string(path), Reason::invalid,
                      absl::StrFormat("must be between %s and %s, not %s", bound(type, min),
                                      bound(type, max), text)});
}

// Characters, not bytes, as OpenAPI counts.
int64_t characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; });
}

void check_text(const Field& field, const std::string& text, std::string_view path,
                Problems& problems) {
  if (field.length) {
    const int64_t length = characters(text);
    if (length < field.length->min || length > field.length->max) {
      problems.push_back({std::string(path), Reason::invalid,
                          absl::StrFormat("must have between %d and %d characters, not %d",
                                          field.length->min, field.length->max, length)});
    }
  }
  if (field.format != nullptr && !field.format->matches(text)) {
    problems.push_back({std::string(path), Reason::invalid,
                        std::string(field.format->right) + but_is(field, text), field.format});
  }
}

void check_scalar(const Field& field, const TypeInfo& type, const void* value,
                  std::string_view path, Problems& problems) {
  const bool numeric =
      type.kind == Kind::integer || type.kind == Kind::number || type.kind == Kind::quantity;
  if (numeric && field.range) check_range(field, type, value, path, problems);
  if (type.kind == Kind::string) check_text(field, type.read(value).as_string(), path, problems);
}

void check_items(const Field& field, size_t size, std::string_view path, Problems& problems) {
  if (!field.items) return;
  const auto count = static_cast<int64_t>(size);
  if (count >= field.items->min && count <= field.items->max) return;
  problems.push_back({std::string(path), Reason::invalid,
                      absl::StrFormat("must have between %d and %d elements, not %d",
                                      field.items->min, field.items->max, count)});
}

// Elements of a set, or of a list that is told apart by a field, come once.
void check_unique(const Field& field, const TypeInfo& type, const void* list, std::string_view path,
                  Problems& problems) {
  if (!field.set && field.list_map_key.empty()) return;
  std::set<std::string> seen;
  for (size_t i = 0; i < type.size(list); ++i) {
    const Json element = write(*type.element(), type.at(list, i));
    const Json* key = field.set ? &element : element.find(field.list_map_key);
    if (key == nullptr || !key->is_string() || seen.insert(key->as_string()).second) continue;
    std::string at = index_path(path, i);
    if (!field.set) at = join_path(at, field.list_map_key);
    problems.push_back({std::move(at), Reason::duplicate,
                        "must be given once" + but_is(field, key->as_string()) + " again"});
  }
}

void check_list(const Field& field, const TypeInfo& type, const void* list, std::string_view path,
                Problems& problems) {
  check_items(field, type.size(list), path, problems);
  check_unique(field, type, list, path, problems);
  for (size_t i = 0; i < type.size(list); ++i) {
    check_scalar(field, *type.element(), type.at(list, i), index_path(path, i), problems);
  }
}

void check_map(const Field& field, const TypeInfo& type, const void* map, std::string_view path,
               Problems& problems) {
  check_items(field, type.size(map), path, problems);
  for (const auto& key : type.keys(map)) {
    const std::string at = key_path(path, key);
    if (field.key_format != nullptr && !field.key_format->matches(key)) {
      problems.push_back({at, Reason::invalid,
                          absl::StrFormat("its name %s", field.key_format->right),
                          field.key_format});
    }
    check_scalar(field, *type.element(), type.find(map, key), at, problems);
  }
}

}  // namespace

void check_constraints(const Field& field, const void* value, std::string_view path,
                       Problems& problems) {
  const TypeInfo& type = *field.type();
  if (type.kind == Kind::list) return check_list(field, type, value, path, problems);
  if (type.kind == Kind::map) return check_map(field, type, value, path, problems);
  if (type.kind == Kind::string && type.read(value).as_string().empty() && !field.optional) {
    // Empty is how a plain member says that it is absent.
    if (field.required) {
      problems.push_back({std::string(path), Reason::required, "must not be empty"});
    }
    return;
  }
  check_scalar(field, type, value, path, problems);
}

}  // namespace gantry::schema
