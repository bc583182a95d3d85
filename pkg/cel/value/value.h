#pragma once
// Value: what a CEL expression evaluates to.
//
// Immutable; a copy is one shared pointer at most, so values are passed and stored by value.
// Besides the types of the language there are two kinds that are no values: `unknown` (an
// attribute was not observed) and `error`. They travel through evaluation like values and are
// absorbed only where the language says so (&&, ||, all, exists).
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <absl/time/time.h>

#include "pkg/base/check.h"
#include "pkg/base/time.h"

namespace gantry::cel {

enum class Kind : uint8_t {
  null,
  boolean,
  integer,
  uinteger,
  real,
  string,
  bytes,
  timestamp,
  duration,
  type,
  list,
  map,
  unknown,
  error,
};

// The name of the type in CEL: "int", "null_type", "google.protobuf.Timestamp", …
std::string_view type_name(Kind kind);

class Map;

// An error of evaluation. Line and column are 1-based; 0 means not known yet.
struct Problem {
  std::string message;
  int line = 0;
  int column = 0;
};

class Value {
 public:
  using List = std::vector<Value>;
  using Entry = std::pair<Value, Value>;

  Value() = default;  // null
  static Value boolean(bool value) { return Value(Data(value)); }
  static Value integer(int64_t value) { return Value(Data(value)); }
  static Value uinteger(uint64_t value) { return Value(Data(value)); }
  static Value real(double value) { return Value(Data(value)); }
  // Requires UTF-8.
  static Value string(std::string_view text);
  static Value bytes(std::string_view data);
  // Requires a point in time of the years 1 … 9999, in whole nanoseconds.
  static Value timestamp(absl::Time value) { return Value(Data(value)); }
  static Value timestamp(Time value);
  static Value duration(Duration value) { return Value(Data(value)); }
  // The type that values of `kind` have: type(1) == int.
  static Value type(Kind kind) { return Value(Data(kind)); }
  static Value list(List elements);
  // Keys must be bool, int, uint or string and numerically distinct; an error value otherwise.
  static Value map(std::vector<Entry> entries);
  // `path` is the attribute that was not observed: "storage.avail".
  static Value unknown(std::string_view path);
  // Unknown for both reasons. Requires both to be unknown.
  static Value unknown(const Value& a, const Value& b);
  static Value error(std::string_view message);
  // The same error at a place in the source, unless it has one already.
  Value at(int line, int column) const;

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is(Kind wanted) const { return kind() == wanted; }
  bool is_true() const { return is(Kind::boolean) && as_bool(); }
  bool is_false() const { return is(Kind::boolean) && !as_bool(); }
  bool is_unknown() const { return is(Kind::unknown); }
  bool is_error() const { return is(Kind::error); }
  bool is_number() const { return is(Kind::integer) || is(Kind::uinteger) || is(Kind::real); }
  // False for unknown and error.
  bool is_value() const { return !is_unknown() && !is_error(); }

  // Each requires the kind it names.
  bool as_bool() const { return std::get<bool>(data_); }
  int64_t as_int() const { return std::get<int64_t>(data_); }
  uint64_t as_uint() const { return std::get<uint64_t>(data_); }
  double as_double() const { return std::get<double>(data_); }
  const std::string& as_string() const { return *std::get<Text<Kind::string>>(data_).text; }
  const std::string& as_bytes() const { return *std::get<Text<Kind::bytes>>(data_).text; }
  absl::Time as_timestamp() const { return std::get<absl::Time>(data_); }
  Duration as_duration() const { return std::get<Duration>(data_); }
  Kind as_type() const { return std::get<Kind>(data_); }
  const List& as_list() const { return *std::get<std::shared_ptr<const List>>(data_); }
  const Map& as_map() const { return *std::get<std::shared_ptr<const Map>>(data_); }
  // Sorted, distinct, at least one.
  const std::vector<std::string>& unknown_paths() const {
    return *std::get<std::shared_ptr<const std::vector<std::string>>>(data_);
  }
  const Problem& problem() const { return *std::get<std::shared_ptr<const Problem>>(data_); }

  // A CEL expression for this value, for messages and tests; cut with "…" after `limit` bytes.
  std::string to_text(size_t limit = 256) const;

 private:
  template <Kind>
  struct Text {
    std::shared_ptr<const std::string> text;
  };
  using Data =
      std::variant<std::monostate, bool, int64_t, uint64_t, double, Text<Kind::string>,
                   Text<Kind::bytes>, absl::Time, Duration, Kind, std::shared_ptr<const List>,
                   std::shared_ptr<const Map>, std::shared_ptr<const std::vector<std::string>>,
                   std::shared_ptr<const Problem>>;

  explicit Value(Data data) : data_(std::move(data)) {}

  Data data_;
};

// A map by key, in the order of its keys: false, true, numbers, strings.
class Map {
 public:
  // Requires sorted, distinct keys; use Value::map().
  explicit Map(std::vector<Value::Entry> entries) : entries_(std::move(entries)) {}

  // The value under a key that equals `key` (1, 1u and 1.0 are one key); nullptr when none.
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  const std::vector<Value::Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }

 private:
  std::vector<Value::Entry> entries_;
};

}  // namespace gantry::cel
