#include <algorithm>

#include <absl/strings/str_format.h>

#include "pkg/schema/codec.h"
#include "pkg/schema/codec_internal.h"

namespace gantry::schema {
namespace {

// Nobody reads more, and a body of a million wrong elements must not make an answer of gigabytes.
constexpr size_t kProblemsMax = 100;

// Where the reader stands, as links on its stack: most values are right, and their paths are never
// written.
class Path {
 public:
  explicit Path(std::string_view root) : name_(root), form_(Form::field) {}
  Path field(std::string_view name) const { return {*this, Form::field, name, 0}; }
  Path element(size_t index) const { return {*this, Form::element, "", index}; }
  Path key(std::string_view name) const { return {*this, Form::key, name, 0}; }
  std::string text() const {
    const std::string above = parent_ == nullptr ? "" : parent_->text();
    if (form_ == Form::element) return index_path(above, index_);
    return form_ == Form::key ? key_path(above, name_) : join_path(above, name_);
  }

 private:
  enum class Form { field, element, key };
  Path(const Path& parent, Form form, std::string_view name, size_t index)
      : parent_(&parent), name_(name), index_(index), form_(form) {}
  const Path* parent_ = nullptr;
  std::string_view name_;
  size_t index_ = 0;
  Form form_;
};

// Reads one value with everything below it. Problems are in the order of the declaration.
class Reader {
 public:
  Reader(Input input, Problems& problems) : input_(input), problems_(problems) {}
  void value(const TypeInfo& type, void* out, const Json& json, const Path& path);

 private:
  void object(const TypeInfo& type, void* out, const Json& json, const Path& path);
  void list(const TypeInfo& type, void* out, const Json& json, const Path& path);
  void map(const TypeInfo& type, void* out, const Json& json, const Path& path);
  void field(const Field& field, void* out, const Json* json, const Path& path);
  void unknown(const TypeInfo& type, const Json& json, const Path& path);
  void one_of(const TypeInfo& type, const void* object, const Path& path);
  void check(const TypeInfo& type, const void* object, const Path& path);
  bool full() const { return problems_.size() >= kProblemsMax; }
  void add(const Path& path, Reason reason, std::string message) {
    if (!full()) problems_.push_back({path.text(), reason, std::move(message)});
  }
  bool strict() const { return input_ == Input::strict; }

  Input input_;
  Problems& problems_;
};

std::vector<std::string_view> names_of(const TypeInfo& type) {
  std::vector<std::string_view> names;
  for (const auto& field : type.fields) names.push_back(field.name);
  return names;
}

std::string list_of(const std::vector<std::string_view>& names) {
  std::string list;
  for (const auto name : names) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

// For each field what the object has there; nullptr for null too. Objects leave out most fields: it
// is their members that are looked for.
std::vector<const Json*> members_by_field(const TypeInfo& type, const Json& object) {
  std::vector<const Json*> given(type.fields.size());
  for (const auto& [key, member] : object.as_object()) {
    const auto* field = type.field(key);
    if (field != nullptr && !member.is_null())
      given[static_cast<size_t>(field - type.fields.data())] = &member;
  }
  return given;
}

void Reader::value(const TypeInfo& type, void* out, const Json& json, const Path& path) {
  switch (type.kind) {
    case Kind::object:
      return object(type, out, json, path);
    case Kind::list:
      return list(type, out, json, path);
    case Kind::map:
      return map(type, out, json, path);
    default:
      break;
  }
  auto wrong = type.write(out, json);
  if (!wrong) return;
  const bool named = type.kind == Kind::enumeration && json.is_string();
  add(path, named ? Reason::not_supported : Reason::type_invalid, *std::move(wrong));
}

void Reader::object(const TypeInfo& type, void* out, const Json& json, const Path& path) {
  if (!json.is_object()) {
    add(path, Reason::type_invalid,
        absl::StrFormat("must be an object with the fields %s, not %s", list_of(names_of(type)),
                        to_string(json.kind())));
    return;
  }
  const size_t before = problems_.size();
  const auto given = members_by_field(type, json);
  for (size_t i = 0; i < given.size(); ++i) {
    const auto& f = type.fields[i];
    field(f, out, given[i], path.field(f.name));
  }
  if (!strict()) return;
  unknown(type, json, path);
  one_of(type, out, path);
  if (problems_.size() == before && !full()) check(type, out, path);
}

void Reader::field(const Field& field, void* out, const Json* json, const Path& path) {
  if (json == nullptr) {
    if (field.required && strict()) {
      add(path, Reason::required, absl::StrFormat("must be given: %s", field.doc));
    }
    return;
  }
  const size_t before = problems_.size();
  void* member = field.mutate(out);
  value(*field.type(), member, *json, path);
  if (problems_.size() == before && strict() && !full()) {
    check_constraints(field, member, path.text(), problems_);
  }
}

void Reader::list(const TypeInfo& type, void* out, const Json& json, const Path& path) {
  if (!json.is_array()) {
    add(path, Reason::type_invalid,
        absl::StrFormat("must be a list, not %s", to_string(json.kind())));
    return;
  }
  type.clear(out);
  const auto& elements = json.as_array();
  for (size_t i = 0; i < elements.size(); ++i) {
    value(*type.element(), type.append(out), elements[i], path.element(i));
  }
}

void Reader::map(const TypeInfo& type, void* out, const Json& json, const Path& path) {
  if (!json.is_object()) {
    add(path, Reason::type_invalid,
        absl::StrFormat("must be an object, not %s", to_string(json.kind())));
    return;
  }
  type.clear(out);
  for (const auto& [key, member] : json.as_object()) {
    value(*type.element(), type.insert(out, key), member, path.key(key));
  }
}

void Reader::unknown(const TypeInfo& type, const Json& json, const Path& path) {
  for (const auto& [key, member] : json.as_object()) {
    if (type.field(key) != nullptr) continue;
    const auto reserved = std::ranges::find(type.reserved, key, &Reserved::name);
    std::string message;
    if (reserved != type.reserved.end()) {
      message = absl::StrFormat("is not accepted: %s", reserved->hint);
    } else if (const auto meant = nearest(key, names_of(type)); !meant.empty()) {
      message = absl::StrFormat("is not a field of %s; did you mean %s?", type.name, meant);
    } else {
      message =
          absl::StrFormat("is not a field of %s, which has %s", type.name, list_of(names_of(type)));
    }
    add(path.key(key), Reason::unknown, std::move(message));
  }
}

void Reader::one_of(const TypeInfo& type, const void* object, const Path& path) {
  for (const auto& rule : type.one_of) {
    const auto given = std::ranges::count_if(rule.fields, [&](std::string_view name) {
      return type.field(name)->get(object) != nullptr;
    });
    const std::string names = list_of(rule.fields);
    if (given == 0 && rule.count != OneOf::Count::at_most_one) {
      const bool single = rule.fields.size() == 1;
      add(single ? path.field(names) : path, Reason::required,
          single ? std::string("must be given") : absl::StrFormat("must have one of %s", names));
    }
    if (given > 1 && rule.count != OneOf::Count::at_least_one) {
      add(path, Reason::forbidden, absl::StrFormat("must have only one of %s", names));
    }
  }
}

void Reader::check(const TypeInfo& type, const void* object, const Path& path) {
  if (type.check == nullptr) return;
  for (auto& problem : type.check(object)) {
    problem.path = join_path(path.text(), problem.path);
    problems_.push_back(std::move(problem));
  }
}

}  // namespace

void read(const TypeInfo& type, void* object, const Json& json, Input input, std::string_view path,
          Problems& problems) {
  Reader(input, problems).value(type, object, json, Path(path));
}

}  // namespace gantry::schema
