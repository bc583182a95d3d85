#include "pkg/store/selector.h"

#include <algorithm>

#include "pkg/base/check.h"
#include "pkg/base/text.h"

namespace gantry::store {
namespace {

// nullopt: the label is missing.
std::optional<std::string_view> value_of(const Requirement& requirement, const Record& record) {
  switch (requirement.on) {
    case Requirement::On::name:
      return record.key.name;
    case Requirement::On::ns:
      return record.key.ns;
    case Requirement::On::field:
      return requirement.field < record.fields.size() ? record.fields[requirement.field]
                                                      : std::string_view();
    case Requirement::On::label:
      break;
  }
  const auto label = record.label(requirement.label);
  if (label.data() == nullptr) return std::nullopt;
  return label;
}

bool is_beyond(const Requirement& requirement, std::optional<std::string_view> value) {
  const auto number = value ? parse_integer(*value) : std::nullopt;
  const auto bound = parse_integer(requirement.values.front());
  if (!number || !bound) return false;
  return requirement.op == Requirement::Operator::greater ? *number > *bound : *number < *bound;
}

bool holds(const Requirement& requirement, const Record& record) {
  const auto value = value_of(requirement, record);
  const auto listed = [&] {
    return value && std::ranges::find(requirement.values, *value) != requirement.values.end();
  };
  switch (requirement.op) {
    case Requirement::Operator::in:
      return listed();
    case Requirement::Operator::not_in:
      return !listed();
    case Requirement::Operator::exists:
      return value.has_value();
    case Requirement::Operator::absent:
      return !value.has_value();
    case Requirement::Operator::greater:
    case Requirement::Operator::less:
      return is_beyond(requirement, value);
  }
  return false;
}

}  // namespace

bool Selector::matches(const Record& record) const {
  return std::ranges::all_of(requirements, [&](const auto& r) { return holds(r, record); });
}

Selector where_field(const Resource& resource, std::string_view path, std::string value) {
  const auto& paths = field_paths(resource);
  const auto found = std::ranges::find(paths, path);
  GANTRY_CHECK(found != paths.end());
  Requirement requirement;
  requirement.on = Requirement::On::field;
  requirement.op = Requirement::Operator::in;
  requirement.field = static_cast<size_t>(found - paths.begin());
  requirement.values = {std::move(value)};
  return {{std::move(requirement)}};
}

}  // namespace gantry::store
