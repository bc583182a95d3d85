#include "pkg/schema/json_cursor.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include <absl/strings/ascii.h>

#include "pkg/base/json.h"
#include "pkg/schema/json.h"

namespace gantry::schema {
namespace {

// What stands for itself inside a string.
bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

// How many of eight bytes are before the first that is not: the tests for a zero byte and for a
// byte less than n of Sean Anderson's "Bit Twiddling Hacks", whose lowest mark is true.
size_t count_plain(const char* eight) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighBits = 0x80 * kOnes;
  static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");
  uint64_t word = 0;
  std::memcpy(&word, eight, sizeof word);
  const auto zeros = [](uint64_t bytes) { return (bytes - kOnes) & ~bytes & kHighBits; };
  const auto controls = (word - 0x20 * kOnes) & ~word & kHighBits;
  const auto marks = controls | zeros(word ^ '"' * kOnes) | zeros(word ^ '\\' * kOnes);
  return static_cast<size_t>(std::countr_zero(marks)) / 8;
}

size_t after_plain(std::string_view text, size_t at) {
  while (at + sizeof(uint64_t) <= text.size()) {
    const auto count = count_plain(text.data() + at);
    at += count;
    if (count < sizeof(uint64_t)) return at;
  }
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

}  // namespace

std::optional<std::string_view> JsonCursor::value() {
  const auto begin = at_;
  if (!skip(0)) return std::nullopt;
  return text_.substr(begin, at_ - begin);
}

bool JsonCursor::take(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

// Past an escape whose backslash is at `at`; nullopt when it is none.
std::optional<size_t> JsonCursor::after_escape(size_t at) const {
  if (++at >= text_.size()) return std::nullopt;
  if (text_[at] != 'u') {
    if (std::string_view("\"\\/bfnrt").find(text_[at]) == std::string_view::npos)
      return std::nullopt;
    return at + 1;
  }
  const auto digits = text_.substr(at + 1, 4);
  if (digits.size() < 4 || !std::ranges::all_of(digits, absl::ascii_isxdigit)) return std::nullopt;
  // to_json() escapes control characters only; others may be halves of a pair.
  const bool is_control = digits.starts_with("000") || digits.starts_with("001");
  if (check_ == Check::all && !is_control) return std::nullopt;
  return at + 5;
}

std::optional<std::string_view> JsonCursor::string() {
  if (!take('"')) return std::nullopt;
  const auto begin = at_;
  for (size_t at = after_plain(text_, begin); at < text_.size(); at = after_plain(text_, at)) {
    if (text_[at] == '"') {
      at_ = at + 1;
      return text_.substr(begin, at - begin);
    }
    const auto after = text_[at] == '\\' ? after_escape(at) : std::nullopt;
    if (!after) return std::nullopt;
    at = *after;
  }
  return std::nullopt;
}

// RFC 8259 §6.
bool JsonCursor::number() {
  const auto digits = [this] {
    const auto begin = at_;
    while (at_ < text_.size() && absl::ascii_isdigit(text_[at_])) ++at_;
    return at_ > begin;
  };
  (void)take('-');
  if (!take('0') && !digits()) return false;
  if (take('.') && !digits()) return false;
  if (take('e') || take('E')) {
    if (!take('+')) (void)take('-');
    const auto exponent = at_;
    return digits() && (check_ == Check::shape || at_ - exponent <= 2);
  }
  return true;
}

bool JsonCursor::skip_object(int depth) {
  return members([&](std::string_view) { return skip(depth + 1); });
}

bool JsonCursor::skip_array(int depth) {
  if (!take('[')) return false;
  if (take(']')) return true;
  do {
    if (!skip(depth + 1)) return false;
  } while (take(','));
  return take(']');
}

bool JsonCursor::skip(int depth) {
  if (at_ >= text_.size() || depth > kJsonDepthMax) return false;
  switch (text_[at_]) {
    case '"':
      return string().has_value();
    case '{':
      return skip_object(depth);
    case '[':
      return skip_array(depth);
    case 't':
      return take("true");
    case 'f':
      return take("false");
    case 'n':
      return take("null");
    default:
      return number();
  }
}

std::string escaped(std::string_view text) {
  const auto quoted = to_json(Json(text));
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace gantry::schema
