#include "pkg/schema/reference.h"

#include <absl/strings/str_format.h>

#include "pkg/base/text.h"
#include "pkg/schema/codec_internal.h"
#include "pkg/schema/json.h"

namespace gantry::schema {
namespace {

std::string type_word(const TypeInfo& type) {
  switch (type.kind) {
    case Kind::enumeration: {
      std::vector<std::string> values;
      for (const auto value : type.values) values.push_back(absl::StrFormat("`%s`", value));
      return join(values, ", ");
    }
    case Kind::list:
      return "list of " + type_word(*type.element());
    case Kind::map:
      return "map of " + type_word(*type.element());
    case Kind::int_or_string:
      return "name or number";
    default:
      return std::string(type.name);
  }
}

const TypeInfo& scalar_of(const TypeInfo& type) {
  const bool many = type.kind == Kind::list || type.kind == Kind::map;
  return many ? scalar_of(*type.element()) : type;
}

std::string range_text(const Range& range, const TypeInfo& type) {
  if (range.max == std::numeric_limits<int64_t>::max()) {
    return absl::StrFormat("at least %s", bound(type, range.min));
  }
  return absl::StrFormat("%s to %s", bound(type, range.min), bound(type, range.max));
}

// A cell of a Markdown table is one line without bars.
std::string cell(std::string text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

std::string traits(const TypeInfo& owner, const Field& field) {
  std::vector<std::string> words;
  if (field.required) words.emplace_back("required");
  if (field.immutable) words.emplace_back("cannot be changed");
  if (field.secret) words.emplace_back("secret");
  const Json value = default_of(owner, field);
  const bool scalar = !value.is_object() && !value.is_array();
  if (scalar && !is_zero(value)) {
    words.push_back(
        absl::StrFormat("default `%s`", value.is_string() ? value.as_string() : to_json(value)));
  }
  return join(words, ", ");
}

std::string row(const TypeInfo& owner, const Field& field) {
  std::string doc(field.doc);
  if (field.type()->kind == Kind::enumeration) doc += " " + std::string(field.type()->doc);
  if (!field.on_change.empty()) doc += absl::StrFormat(" A change: %s.", field.on_change);
  if (!field.example.empty()) doc += absl::StrFormat(" Example: `%s`", field.example);
  return absl::StrFormat("| `%s` | %s | %s | %s |\n", field.name, cell(describe_type(field)),
                         cell(traits(owner, field)), cell(doc));
}

void rules(const TypeInfo& type, std::string& out) {
  for (const auto& rule : type.one_of) {
    if (rule.fields.size() < 2) continue;
    std::vector<std::string> names;
    for (const auto name : rule.fields) names.push_back(absl::StrFormat("`%s`", name));
    const char* count = rule.count == OneOf::Count::exactly_one    ? "Exactly"
                        : rule.count == OneOf::Count::at_least_one ? "At least"
                                                                   : "At most";
    out += absl::StrFormat("\n%s one of %s.\n", count, join(names, ", "));
  }
}

}  // namespace

std::string describe_type(const Field& field) {
  const TypeInfo& type = *field.type();
  std::string text = type_word(type);
  if (field.items) text += ", " + range_text(*field.items, type) + " elements";
  if (field.range) text += ", " + range_text(*field.range, scalar_of(type));
  if (field.length) text += ", " + range_text(*field.length, type) + " characters";
  if (field.format != nullptr) text += absl::StrFormat(" (%s)", field.format->name);
  return text;
}

std::string reference(const TypeInfo& type, std::string_view path, int level) {
  std::string out = absl::StrFormat("\n%s %s\n\n%s\n\n",
                                    std::string(static_cast<size_t>(level), '#'), path, type.doc);
  out += "| field | type | rules | meaning |\n|---|---|---|---|\n";
  for (const auto& field : type.fields) out += row(type, field);
  rules(type, out);
  for (const auto& field : type.fields) {
    std::string below = join_path(path, field.name);
    const TypeInfo* inner = field.type();
    while (inner->kind == Kind::list || inner->kind == Kind::map) {
      below += inner->kind == Kind::list ? "[]" : "{}";
      inner = inner->element();
    }
    if (inner->kind == Kind::object && inner != &type) out += reference(*inner, below, level);
  }
  return out;
}

}  // namespace gantry::schema
