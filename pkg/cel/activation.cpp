#include "pkg/cel/activation.h"

#include <vector>

namespace gantry::cel {
namespace {

// `value` with the attribute at `rest` replaced by unknown; `path` is its whole name.
Value with_unknown(const Value& value, std::string_view rest, std::string_view path) {
  if (rest.empty() || !value.is(Kind::map)) return Value::unknown(path);
  const size_t dot = rest.find('.');
  const std::string_view name = rest.substr(0, dot);
  const std::string_view below = dot == std::string_view::npos ? "" : rest.substr(dot + 1);
  std::vector<Value::Entry> entries;
  for (const auto& entry : value.as_map().entries()) {
    const bool is_named = entry.first.is(Kind::string) && entry.first.as_string() == name;
    if (!is_named) entries.push_back(entry);
  }
  const Value* const member = value.as_map().find(name);
  Value marked = member != nullptr ? with_unknown(*member, below, path) : Value::unknown(path);
  entries.emplace_back(Value::string(name), std::move(marked));
  return Value::map(std::move(entries));
}

}  // namespace

Activation& Activation::set(std::string_view name, Value value) {
  values_.insert_or_assign(std::string(name), std::move(value));
  return *this;
}

Activation& Activation::set_unknown(std::string_view path) {
  const size_t dot = path.find('.');
  const std::string_view name = path.substr(0, dot);
  const std::string_view rest = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  const Value* const value = find(name);
  return set(name, value != nullptr ? with_unknown(*value, rest, path) : Value::unknown(name));
}

const Value* Activation::find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

}  // namespace gantry::cel
