#include "pkg/cel/value/print.h"

#include <charconv>
#include <cmath>

#include "pkg/cel/value/time_text.h"
#include "pkg/cel/value/value.h"

namespace gantry::cel {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

void append_escaped(std::string& out, char c, bool is_bytes) {
  const auto byte = static_cast<uint8_t>(c);
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (byte >= 0x20 && byte != 0x7F && (byte < 0x80 || !is_bytes)) {
    out += c;
    return;
  }
  out += "\\x";
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

// Writes one value and stops as soon as the text is longer than the limit: values may share parts
// and be far larger than the memory they take.
class Printer {
 public:
  explicit Printer(size_t limit) : limit_(limit) {}

  void print(const Value& value) {
    if (full()) return;
    switch (value.kind()) {
      case Kind::list:
        print_list(value.as_list());
        break;
      case Kind::map:
        print_map(value.as_map());
        break;
      case Kind::string:
        out_ += quote(std::string_view(value.as_string()).substr(0, limit_));
        break;
      case Kind::bytes:
        out_ += quote_bytes(std::string_view(value.as_bytes()).substr(0, limit_));
        break;
      default:
        out_ += scalar(value);
    }
  }

  std::string take() {
    if (!full()) return std::move(out_);
    size_t end = limit_;
    while (end > 0 && (static_cast<uint8_t>(out_[end]) & 0xC0) == 0x80) --end;
    return out_.substr(0, end) + "…";
  }

 private:
  bool full() const { return out_.size() > limit_; }

  void print_list(const Value::List& list) {
    out_ += '[';
    for (size_t i = 0; i < list.size() && !full(); ++i) {
      if (i > 0) out_ += ", ";
      print(list[i]);
    }
    out_ += ']';
  }

  void print_map(const Map& map) {
    out_ += '{';
    for (size_t i = 0; i < map.size() && !full(); ++i) {
      if (i > 0) out_ += ", ";
      print(map.entries()[i].first);
      out_ += ": ";
      print(map.entries()[i].second);
    }
    out_ += '}';
  }

  static std::string scalar(const Value& value) {
    switch (value.kind()) {
      case Kind::boolean:
        return value.as_bool() ? "true" : "false";
      case Kind::integer:
        return std::to_string(value.as_int());
      case Kind::uinteger:
        return std::to_string(value.as_uint()) + "u";
      case Kind::real:
        return double_literal(value.as_double());
      case Kind::timestamp:
        return "timestamp(" + quote(to_text(value.as_timestamp())) + ")";
      case Kind::duration:
        return "duration(" + quote(to_text(value.as_duration())) + ")";
      case Kind::type:
        return std::string(type_name(value.as_type()));
      case Kind::unknown:
        return "<unknown " + value.unknown_paths().front() + ">";
      case Kind::error:
        return "<error: " + value.problem().message + ">";
      default:
        return "null";
    }
  }

  static std::string double_literal(double number) {
    if (!std::isfinite(number)) return "double(" + quote(double_text(number)) + ")";
    std::string text = double_text(number);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
  }

  std::string out_;
  size_t limit_;
};

}  // namespace

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) append_escaped(out, c, false);
  return out + "\"";
}

std::string quote_bytes(std::string_view data) {
  std::string out = "b\"";
  for (const char c : data) append_escaped(out, c, true);
  return out + "\"";
}

std::string double_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  std::string text(32, '\0');
  const auto written = std::to_chars(text.data(), text.data() + text.size(), number);
  text.resize(static_cast<size_t>(written.ptr - text.data()));
  return text;
}

std::string Value::to_text(size_t limit) const {
  Printer printer(limit);
  printer.print(*this);
  return printer.take();
}

}  // namespace gantry::cel
