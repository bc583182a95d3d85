#include "pkg/schema/json_cursor.h"

#include <cctype>

#include "pkg/base/json.h"
#include "pkg/schema/json.h"

namespace gantry::schema {
namespace {

constexpr int kDepthMax = 200;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
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

std::optional<std::string_view> JsonCursor::string() {
  if (!take('"')) return std::nullopt;
  const auto begin = at_;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') return text_.substr(begin, at_++ - begin);
    if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
    if (c != '\\') continue;
    if (++at_ >= text_.size()) return std::nullopt;
    if (text_[at_] != 'u') {
      if (std::string_view("\"\\/bfnrt").find(text_[at_]) == std::string_view::npos)
        return std::nullopt;
      continue;
    }
    // to_json() escapes control characters only; others may be halves of a pair.
    if (check_ == Check::all && text_.substr(at_ + 1, 3) != "000" &&
        text_.substr(at_ + 1, 3) != "001")
      return std::nullopt;
    for (int i = 0; i < 4; ++i)
      if (++at_ >= text_.size() || std::isxdigit(static_cast<unsigned char>(text_[at_])) == 0)
        return std::nullopt;
  }
  return std::nullopt;
}

// RFC 8259 §6.
bool JsonCursor::number() {
  const auto digits = [this] {
    const auto begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
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
  if (at_ >= text_.size() || depth > kDepthMax) return false;
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
