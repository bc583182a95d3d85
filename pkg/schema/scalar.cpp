#include "pkg/schema/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>

#include <absl/strings/ascii.h>

#include "pkg/base/text.h"
#include "pkg/schema/utf8.h"

namespace gantry::schema {
namespace {

template <size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, text) != words.end();
}

constexpr std::array<std::string_view, 5> kNulls = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 3> kTrue = {"true", "True", "TRUE"};
constexpr std::array<std::string_view, 3> kFalse = {"false", "False", "FALSE"};
constexpr std::array<std::string_view, 3> kInfinities = {".inf", ".Inf", ".INF"};
constexpr std::array<std::string_view, 3> kNans = {".nan", ".NaN", ".NAN"};
// Booleans of YAML 1.1.
constexpr std::array<std::string_view, 8> kOldBooleans = {"yes", "no", "on",   "off",
                                                          "y",   "n",  "true", "false"};

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

// Digits after a sign and a base's prefix; beyond 64 bits the number becomes a double.
std::optional<Json> parse_digits(std::string_view digits, int base, bool negative) {
  const auto valid = [base](char c) {
    if (base <= 10) return c >= '0' && c < '0' + base;
    return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  if (digits.empty() || !std::ranges::all_of(digits, valid)) return std::nullopt;
  const std::string text = (negative ? "-" : "") + std::string(digits);
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (parsed.ec == std::errc()) return Json(value);
  if (base != 10) return std::nullopt;
  const auto number = parse_double(text);
  return number ? std::optional<Json>(*number) : std::nullopt;
}

std::optional<Json> parse_yaml_integer(std::string_view text) {
  if (starts_with(text, "0o")) return parse_digits(text.substr(2), 8, false);
  if (starts_with(text, "0x")) return parse_digits(text.substr(2), 16, false);
  return parse_digits(without_sign(text), 10, !text.empty() && text.front() == '-');
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool looks_like_float(std::string_view text) {
  text = without_sign(text);
  const size_t e = std::min(text.find_first_of("eE"), text.size());
  if (e < text.size()) {
    const auto exponent = without_sign(text.substr(e + 1));
    if (exponent.empty() || !std::ranges::all_of(exponent, absl::ascii_isdigit)) return false;
  }
  const auto mantissa = text.substr(0, e);
  const size_t dot = std::min(mantissa.find('.'), mantissa.size());
  const auto whole = mantissa.substr(0, dot);
  const auto fraction = dot < mantissa.size() ? mantissa.substr(dot + 1) : std::string_view();
  if (!std::ranges::all_of(whole, absl::ascii_isdigit) ||
      !std::ranges::all_of(fraction, absl::ascii_isdigit)) {
    return false;
  }
  return !whole.empty() || !fraction.empty();
}

// The number in JSON's own spelling, which strtod and from_chars agree on.
std::optional<double> parse_float(std::string_view text) {
  std::string plain(text);
  if (plain.front() == '+') plain.erase(0, 1);
  return parse_double(plain);
}

// Numbers and times of YAML 1.1: 1_000, 0644, 12:30:45, 2001-01-01.
bool looks_numeric(std::string_view text) {
  text = without_sign(text);
  if (!text.empty() && text.front() == '.') text.remove_prefix(1);
  return !text.empty() && absl::ascii_isdigit(text.front()) &&
         std::ranges::all_of(text, [](char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
                  std::string_view("_.:+-xoTZ ").find(c) != std::string_view::npos;
         });
}

}  // namespace

std::optional<Json> resolve_plain(std::string_view text) {
  if (is_one_of(text, kNulls)) return Json();
  if (is_one_of(text, kTrue)) return Json(true);
  if (is_one_of(text, kFalse)) return Json(false);
  if (is_one_of(without_sign(text), kInfinities) || is_one_of(text, kNans)) return std::nullopt;
  if (auto integer = parse_yaml_integer(text)) return integer;
  if (!looks_like_float(text)) return Json(text);
  const auto number = parse_float(text);
  return number ? std::optional<Json>(*number) : std::nullopt;
}

bool needs_quotes(std::string_view text) {
  const auto plain = resolve_plain(text);
  if (!plain || !plain->is_string()) return true;
  if (is_one_of(to_lower(text), kOldBooleans) || looks_numeric(text)) return true;
  if (text == "<<" || text == "=" || text == "---") return true;
  if (text == "..." || text.starts_with("... ")) return true;  // at a line's start: document's end
  if (std::string_view("-?:,[]{}#&*!|>'\"%@` \t").find(text.front()) != std::string_view::npos) {
    // A word that merely begins with a dash is plain.
    if (text.front() != '-' || text.size() < 2 || text[1] == ' ' || text[1] == '-') return true;
  }
  if (text.back() == ':' || text.back() == ' ' || text.back() == '\t') return true;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) {
    return true;
  }
  return text.find_first_of("\n\t") != std::string_view::npos || !is_printable(text);
}

bool is_printable(std::string_view text) {
  if (!is_utf8(text)) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) return false;
    // U+0080 … U+009F; then line and paragraph separators and the byte order mark.
    if (c == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;
    const auto three = text.substr(i, 3);
    if (three == "\xe2\x80\xa8" || three == "\xe2\x80\xa9" || three == "\xef\xbb\xbf") return false;
  }
  return true;
}

}  // namespace gantry::schema
