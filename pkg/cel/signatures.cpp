#include "pkg/cel/signatures.h"

#include <algorithm>
#include <cctype>

#include "pkg/base/check.h"

namespace gantry::cel {
namespace {

// "name(params) -> result" or "receiver.name(params) -> result"; A and B are type parameters.
// Sources: github.com/google/cel-spec doc/langdef.md "List of Standard Definitions"; the order of
// numbers of different types from cel-go's CrossTypeNumericComparisons; quantity is ours.
constexpr const char* kSignatures[] = {
    "!_(bool) -> bool",
    "_&&_(bool, bool) -> bool",
    "_||_(bool, bool) -> bool",
    "_?_:_(bool, A, A) -> A",
    "_==_(A, A) -> bool",
    "_!=_(A, A) -> bool",
    "@in(A, list(A)) -> bool",
    "@in(A, map(A, B)) -> bool",
    "_[_](list(A), int) -> A",
    "_[_](map(A, B), A) -> B",

    "-_(int) -> int",
    "-_(double) -> double",
    "_+_(int, int) -> int",
    "_+_(uint, uint) -> uint",
    "_+_(double, double) -> double",
    "_+_(string, string) -> string",
    "_+_(bytes, bytes) -> bytes",
    "_+_(list(A), list(A)) -> list(A)",
    "_+_(timestamp, duration) -> timestamp",
    "_+_(duration, timestamp) -> timestamp",
    "_+_(duration, duration) -> duration",
    "_-_(int, int) -> int",
    "_-_(uint, uint) -> uint",
    "_-_(double, double) -> double",
    "_-_(timestamp, timestamp) -> duration",
    "_-_(timestamp, duration) -> timestamp",
    "_-_(duration, duration) -> duration",
    "_*_(int, int) -> int",
    "_*_(uint, uint) -> uint",
    "_*_(double, double) -> double",
    "_/_(int, int) -> int",
    "_/_(uint, uint) -> uint",
    "_/_(double, double) -> double",
    "_%_(int, int) -> int",
    "_%_(uint, uint) -> uint",

    "size(string) -> int",
    "size(bytes) -> int",
    "size(list(A)) -> int",
    "size(map(A, B)) -> int",
    "string.size() -> int",
    "bytes.size() -> int",
    "list(A).size() -> int",
    "map(A, B).size() -> int",
    "string.contains(string) -> bool",
    "string.startsWith(string) -> bool",
    "string.endsWith(string) -> bool",
    "string.matches(string) -> bool",
    "matches(string, string) -> bool",

    "int(int) -> int",
    "int(uint) -> int",
    "int(double) -> int",
    "int(string) -> int",
    "int(timestamp) -> int",
    "uint(uint) -> uint",
    "uint(int) -> uint",
    "uint(double) -> uint",
    "uint(string) -> uint",
    "double(double) -> double",
    "double(int) -> double",
    "double(uint) -> double",
    "double(string) -> double",
    "bool(bool) -> bool",
    "bool(string) -> bool",
    "string(string) -> string",
    "string(bool) -> string",
    "string(int) -> string",
    "string(uint) -> string",
    "string(double) -> string",
    "string(bytes) -> string",
    "string(timestamp) -> string",
    "string(duration) -> string",
    "bytes(bytes) -> bytes",
    "bytes(string) -> bytes",
    "timestamp(timestamp) -> timestamp",
    "timestamp(string) -> timestamp",
    "timestamp(int) -> timestamp",
    "duration(duration) -> duration",
    "duration(string) -> duration",
    "dyn(A) -> dyn",
    "type(A) -> type",
    "quantity(string) -> int",

    "duration.getHours() -> int",
    "duration.getMinutes() -> int",
    "duration.getSeconds() -> int",
    "duration.getMilliseconds() -> int",
};

// Every one of these is a timestamp's, in UTC or in a time zone.
constexpr const char* kTimestampGetters[] = {
    "getFullYear",  "getMonth", "getDate",    "getDayOfMonth", "getDayOfWeek",
    "getDayOfYear", "getHours", "getMinutes", "getSeconds",    "getMilliseconds"};

constexpr const char* kOrderings[] = {"_<_", "_<=_", "_>_", "_>=_"};
constexpr const char* kNumbers[] = {"int", "uint", "double"};
constexpr const char* kOrderedAlike[] = {"bool", "string", "bytes", "timestamp", "duration"};

// Reads one signature's text. The texts are ours, so a mistake in one is a broken invariant.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Signature read() {
    Signature signature;
    const size_t dot = rest_.find('.');
    // The type of a receiver may have parentheses, so the dot is what tells a method.
    if (dot != std::string_view::npos) {
      signature.is_method = true;
      signature.params.push_back(type());
      take('.');
    }
    const size_t open = rest_.find('(');
    signature.name = std::string(rest_.substr(0, open));
    rest_.remove_prefix(open);
    take('(');
    while (!rest_.starts_with(')')) signature.params.push_back(type_and_comma());
    take(')');
    rest_.remove_prefix(std::string_view(" -> ").size());
    signature.result = type();
    signature.parameters = parameters_;
    return signature;
  }

 private:
  void take(char c) {
    GANTRY_CHECK(rest_.starts_with(c));
    rest_.remove_prefix(1);
  }

  std::string_view word() {
    size_t length = 0;
    while (length < rest_.size() && std::isalpha(static_cast<unsigned char>(rest_[length])) != 0) {
      ++length;
    }
    const std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return word;
  }

  Type type_and_comma() {
    Type result = type();
    if (rest_.starts_with(", ")) rest_.remove_prefix(2);
    return result;
  }

  Type type() {
    const std::string_view name = word();
    if (name == "A" || name == "B") {
      const int index = name == "A" ? 0 : 1;
      parameters_ = std::max(parameters_, index + 1);
      return Type::parameter(index);
    }
    if (name == "list") {
      take('(');
      Type element = type_and_comma();
      take(')');
      return Type::list(std::move(element));
    }
    if (name == "map") {
      take('(');
      Type key = type_and_comma();
      Type value = type_and_comma();
      take(')');
      return Type::map(std::move(key), std::move(value));
    }
    return simple(name);
  }

  static Type simple(std::string_view name) {
    for (int i = 0; i <= static_cast<int>(TypeKind::type); ++i) {
      const Type type(static_cast<TypeKind>(i));
      if (type.to_text() == name) return type;
    }
    GANTRY_CHECK(false);
    return {};
  }

  std::string_view rest_;
  int parameters_ = 0;
};

std::vector<Signature> read_all() {
  std::vector<Signature> all;
  const auto add = [&](const std::string& text) { all.push_back(Reader(text).read()); };
  for (const char* text : kSignatures) add(text);
  for (const std::string getter : kTimestampGetters) {
    add("timestamp." + getter + "() -> int");
    add("timestamp." + getter + "(string) -> int");
  }
  for (const std::string op : kOrderings) {
    for (const std::string type : kOrderedAlike) add(op + "(" + type + ", " + type + ") -> bool");
    for (const std::string a : kNumbers) {
      for (const std::string b : kNumbers) add(op + "(" + a + ", " + b + ") -> bool");
    }
  }
  const auto by_name = [](const Signature& a, const Signature& b) { return a.name < b.name; };
  std::stable_sort(all.begin(), all.end(), by_name);
  return all;
}

const std::vector<Signature>& signatures() {
  static const std::vector<Signature> all = read_all();
  return all;
}

}  // namespace

std::span<const Signature> signatures_of(std::string_view name) {
  const auto& all = signatures();
  const auto first = std::partition_point(
      all.begin(), all.end(), [&](const Signature& signature) { return signature.name < name; });
  const auto last = std::partition_point(
      first, all.end(), [&](const Signature& signature) { return signature.name == name; });
  return {first, last};
}

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const Signature& signature : signatures()) {
    const bool is_word = std::isalpha(static_cast<unsigned char>(signature.name.front())) != 0;
    if (is_word && (names.empty() || names.back() != signature.name)) {
      names.push_back(signature.name);
    }
  }
  return names;
}

}  // namespace gantry::cel
