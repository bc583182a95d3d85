#include "pkg/cel/syntax/literal.h"

#include <charconv>
#include <cmath>

#include "pkg/cel/value/utf8.h"

namespace gantry::cel {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The character that a one-letter escape stands for; nullopt when there is none.
std::optional<char> simple_escape(char c) {
  constexpr std::string_view kLetters = "abfnrtv\\?\"'`";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\?\"'`";
  const size_t found = kLetters.find(c);
  if (found == std::string_view::npos) return std::nullopt;
  return kMeanings[found];
}

// Resolves escapes one after the other; `i_` always stands before the next unread byte.
class Unescaper {
 public:
  Unescaper(std::string_view body, bool is_bytes, std::string& out)
      : body_(body), is_bytes_(is_bytes), out_(out) {}

  std::optional<EscapeError> run() {
    while (i_ < body_.size()) {
      const size_t start = i_;
      const char c = body_[i_++];
      if (c != '\\') {
        out_ += c;
        continue;
      }
      if (std::string problem = escape(); !problem.empty()) {
        return EscapeError{start, std::move(problem)};
      }
    }
    return std::nullopt;
  }

 private:
  // The empty text when all is well.
  std::string escape() {
    if (i_ == body_.size()) return "a backslash at the end of the literal";
    const char c = body_[i_++];
    if (const auto simple = simple_escape(c)) {
      out_ += *simple;
      return "";
    }
    if (c == 'x' || c == 'X') return append_octet(take(16, 2), "\\x needs two hex digits");
    if (c == 'u') return append_unicode(4, "\\u needs four hex digits");
    if (c == 'U') return append_unicode(8, "\\U needs eight hex digits");
    if (c >= '0' && c <= '3') {
      --i_;
      return append_octet(take(8, 3), "an octal escape needs three digits, \\000 to \\377");
    }
    return "unknown escape; write \\\\ for a backslash, or a raw string such as r\"\\d+\"";
  }

  // Exactly `count` digits of that base; -1 when they are not there.
  int64_t take(int base, size_t count) {
    if (i_ + count > body_.size()) return -1;
    int64_t value = 0;
    for (size_t k = 0; k < count; ++k) {
      const int digit = hex_digit(body_[i_ + k]);
      if (digit < 0 || digit >= base) return -1;
      value = value * base + digit;
    }
    i_ += count;
    return value;
  }

  std::string append_octet(int64_t value, const char* problem) {
    if (value < 0) return problem;
    if (is_bytes_) {
      out_ += static_cast<char>(value);
    } else {
      append_utf8(out_, static_cast<uint32_t>(value));
    }
    return "";
  }

  std::string append_unicode(size_t digits, const char* problem) {
    if (is_bytes_) return "\\u and \\U are for strings only; write the octets with \\x";
    int64_t value = take(16, digits);
    if (value < 0) return problem;
    if (value >= 0xD800 && value <= 0xDBFF && digits == 4) value = surrogate_pair(value);
    if (append_utf8(out_, static_cast<uint32_t>(value))) return "";
    return "not a Unicode code point";
  }

  // The code point of a high surrogate and the \u escape that follows; the surrogate when none
  // does.
  int64_t surrogate_pair(int64_t high) {
    if (body_.substr(i_, 2) != "\\u") return high;
    i_ += 2;
    const int64_t low = take(16, 4);
    if (low < 0xDC00 || low > 0xDFFF) return high;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  std::string_view body_;
  bool is_bytes_;
  std::string& out_;
  size_t i_ = 0;
};

Value double_literal(std::string_view text, bool negative) {
  // from_chars needs a digit before the dot.
  const std::string padded = text.front() == '.' ? "0" + std::string(text) : std::string(text);
  double value = 0;
  const auto [end, error] = std::from_chars(padded.data(), padded.data() + padded.size(), value);
  if (error == std::errc::result_out_of_range) {
    return Value::error("the number " + std::string(text) + " does not fit a double");
  }
  return Value::real(negative ? -value : value);
}

}  // namespace

std::optional<EscapeError> unescape(std::string_view body, bool is_bytes, std::string& out) {
  return Unescaper(body, is_bytes, out).run();
}

Value number_literal(std::string_view text, bool negative) {
  const bool hex = text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X";
  if (!hex && text.find_first_of(".eE") != std::string_view::npos) {
    return double_literal(text, negative);
  }
  const bool is_uint = text.back() == 'u' || text.back() == 'U';
  std::string_view digits = text.substr(hex ? 2 : 0);
  if (is_uint) digits.remove_suffix(1);
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  constexpr uint64_t kMinInt = uint64_t{1} << 63;
  const std::string written = (negative ? "-" : "") + std::string(text);
  if (is_uint) {
    if (error != std::errc()) return Value::error("the number " + written + " does not fit a uint");
    if (negative) return Value::error("a uint has no sign: " + written);
    return Value::uinteger(value);
  }
  if (error != std::errc() || value > kMinInt - (negative ? 0 : 1)) {
    return Value::error("the number " + written + " does not fit an int");
  }
  return Value::integer(static_cast<int64_t>(negative ? ~value + 1 : value));
}

}  // namespace gantry::cel
