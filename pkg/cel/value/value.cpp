#include "pkg/cel/value/value.h"

#include <algorithm>
#include <array>
#include <compare>
#include <iterator>

#include "pkg/cel/value/compare.h"

namespace gantry::cel {
namespace {

bool is_key(const Value& value) {
  return value.is(Kind::boolean) || value.is(Kind::integer) || value.is(Kind::uinteger) ||
         value.is(Kind::string);
}

int key_rank(const Value& key) {
  if (key.is(Kind::boolean)) return 0;
  return key.is_number() ? 1 : 2;
}

// Requires keys, or a double that stands for a number key.
std::strong_ordering compare_keys(const Value& a, const Value& b) {
  if (const auto rank = key_rank(a) <=> key_rank(b); rank != 0) return rank;
  if (a.is(Kind::boolean)) return a.as_bool() <=> b.as_bool();
  if (a.is(Kind::string)) return a.as_string() <=> b.as_string();
  const std::partial_ordering order = compare_numbers(a, b);
  if (order < 0) return std::strong_ordering::less;
  return order > 0 ? std::strong_ordering::greater : std::strong_ordering::equal;
}

}  // namespace

std::string_view type_name(Kind kind) {
  static constexpr std::array<std::string_view, 14> kNames = {
      "null_type",
      "bool",
      "int",
      "uint",
      "double",
      "string",
      "bytes",
      "google.protobuf.Timestamp",
      "google.protobuf.Duration",
      "type",
      "list",
      "map",
      "unknown",
      "error",
  };
  return kNames.at(static_cast<size_t>(kind));
}

Value Value::string(std::string_view text) {
  return Value(Data(Text<Kind::string>{std::make_shared<const std::string>(text)}));
}

Value Value::bytes(std::string_view data) {
  return Value(Data(Text<Kind::bytes>{std::make_shared<const std::string>(data)}));
}

Value Value::timestamp(Time value) {
  return timestamp(absl::FromChrono(value));
}

Value Value::list(List elements) {
  return Value(Data(std::make_shared<const List>(std::move(elements))));
}

Value Value::map(std::vector<Entry> entries) {
  for (const auto& [key, value] : entries) {
    if (is_key(key)) continue;
    return error("a map key must be bool, int, uint or string, not " +
                 std::string(type_name(key.kind())));
  }
  const auto less = [](const Entry& a, const Entry& b) {
    return compare_keys(a.first, b.first) < 0;
  };
  std::stable_sort(entries.begin(), entries.end(), less);
  const auto same = [](const Entry& a, const Entry& b) {
    return compare_keys(a.first, b.first) == 0;
  };
  const auto twice = std::adjacent_find(entries.begin(), entries.end(), same);
  if (twice != entries.end()) return error("duplicate map key " + twice->first.to_text());
  return Value(Data(std::make_shared<const Map>(std::move(entries))));
}

Value Value::unknown(std::string_view path) {
  return Value(Data(std::make_shared<const std::vector<std::string>>(1, std::string(path))));
}

Value Value::unknown(const Value& a, const Value& b) {
  const auto& left = a.unknown_paths();
  const auto& right = b.unknown_paths();
  if (left == right) return a;
  std::vector<std::string> paths;
  std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(paths));
  return Value(Data(std::make_shared<const std::vector<std::string>>(std::move(paths))));
}

Value Value::error(std::string_view message) {
  return Value(Data(std::make_shared<const Problem>(Problem{std::string(message)})));
}

Value Value::at(int line, int column) const {
  if (!is_error() || problem().line != 0) return *this;
  return Value(Data(std::make_shared<const Problem>(Problem{problem().message, line, column})));
}

const Value* Map::find(const Value& key) const {
  if (!is_key(key) && !key.is(Kind::real)) return nullptr;
  if (key.is(Kind::real) && key.as_double() != key.as_double()) return nullptr;  // NaN
  const auto less = [](const Value::Entry& entry, const Value& wanted) {
    return compare_keys(entry.first, wanted) < 0;
  };
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), key, less);
  if (found == entries_.end() || compare_keys(found->first, key) != 0) return nullptr;
  return &found->second;
}

const Value* Map::find(std::string_view key) const {
  const auto less = [](const Value::Entry& entry, std::string_view wanted) {
    return !entry.first.is(Kind::string) || entry.first.as_string() < wanted;
  };
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), key, less);
  if (found == entries_.end() || found->first.as_string() != key) return nullptr;
  return &found->second;
}

}  // namespace gantry::cel
