#include "pkg/cel/syntax/lexer.h"

#include <algorithm>
#include <array>

#include "pkg/cel/syntax/literal.h"
#include "pkg/cel/value/print.h"
#include "pkg/cel/value/utf8.h"

namespace gantry::cel {
namespace {

constexpr size_t kMaxSourceBytes = 64 * 1024;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_name_start(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c);
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    if (text_.size() > kMaxSourceBytes) {
      return invalid("1:1: the expression has %d bytes; at most %d are allowed", text_.size(),
                     kMaxSourceBytes);
    }
    if (!is_utf8(text_)) return invalid("1:1: the expression is not valid UTF-8");
    std::vector<Token> tokens;
    do {
      skip_blanks();
      GANTRY_TRY_ASSIGN(Token token, next());
      tokens.push_back(std::move(token));
    } while (tokens.back().kind != TokenKind::end);
    return tokens;
  }

 private:
  char peek(size_t ahead = 0) const {
    return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0';
  }
  bool rest_starts_with(std::string_view prefix) const {
    return text_.substr(offset_, prefix.size()) == prefix;
  }

  void advance(size_t bytes) {
    for (const size_t stop = offset_ + bytes; offset_ < stop; ++offset_) {
      const char c = text_[offset_];
      const bool carriage_return = c == '\r' && peek(1) != '\n';
      if (c == '\n' || carriage_return) {
        ++at_.line;
        at_.column = 1;
      } else if ((static_cast<uint8_t>(c) & 0xC0) != 0x80) {
        ++at_.column;
      }
    }
  }

  void skip_blanks() {
    while (offset_ < text_.size()) {
      if (std::string_view(" \t\n\f\r").find(peek()) != std::string_view::npos) {
        advance(1);
      } else if (rest_starts_with("//")) {
        const size_t stop = std::min(text_.find_first_of("\r\n", offset_), text_.size());
        advance(stop - offset_);
      } else {
        return;
      }
    }
  }

  Token take(TokenKind kind, size_t bytes) {
    Token token;
    token.kind = kind;
    token.at = at_;
    token.begin = offset_;
    token.end = offset_ + bytes;
    token.text = std::string(text_.substr(offset_, bytes));
    advance(bytes);
    return token;
  }

  Result<Token> next() {
    if (offset_ == text_.size()) return take(TokenKind::end, 0);
    if (const size_t prefix = string_prefix(); prefix != std::string_view::npos) {
      return string(prefix);
    }
    const char c = peek();
    if (is_name_start(c)) return name();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '`') return quoted_name();
    return punctuation();
  }

  Token name() {
    size_t length = 1;
    while (is_name_part(peek(length))) ++length;
    return take(TokenKind::identifier, length);
  }

  Result<Token> number() {
    size_t length = 0;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      for (length = 2; is_hex_digit(peek(length));) ++length;
      if (length == 2) return error_at(at_, "a hexadecimal number needs digits after 0x");
      if (peek(length) == 'u' || peek(length) == 'U') ++length;
    } else {
      length = decimal_length();
    }
    if (is_name_part(peek(length))) {
      return error_at(at_, "a number and a name without a space between them: " +
                               std::string(text_.substr(offset_, length + 1)));
    }
    return take(TokenKind::literal, length);
  }

  size_t decimal_length() const {
    size_t length = 0;
    while (is_digit(peek(length))) ++length;
    bool is_integer = true;
    if (peek(length) == '.' && is_digit(peek(length + 1))) {
      is_integer = false;
      for (++length; is_digit(peek(length));) ++length;
    }
    if (peek(length) == 'e' || peek(length) == 'E') {
      const size_t sign = peek(length + 1) == '+' || peek(length + 1) == '-' ? 1 : 0;
      if (is_digit(peek(length + 1 + sign))) {
        is_integer = false;
        for (length += 1 + sign; is_digit(peek(length));) ++length;
      }
    }
    if (is_integer && (peek(length) == 'u' || peek(length) == 'U')) ++length;
    return length;
  }

  // How many letters (of b, r) stand before a quote here; npos when this is no string.
  size_t string_prefix() const {
    size_t length = 0;
    if (peek(length) == 'b' || peek(length) == 'B') ++length;
    if (peek(length) == 'r' || peek(length) == 'R') ++length;
    return peek(length) == '"' || peek(length) == '\'' ? length : std::string_view::npos;
  }

  Result<Token> string(size_t prefix) {
    const std::string_view letters = text_.substr(offset_, prefix);
    const bool is_bytes = letters.find_first_of("bB") != std::string_view::npos;
    const bool is_raw = letters.find_first_of("rR") != std::string_view::npos;
    const size_t quote_at = offset_ + prefix;
    const bool triple = text_.substr(quote_at, 3) == std::string(3, text_[quote_at]);
    const std::string_view quote = text_.substr(quote_at, triple ? 3 : 1);
    const size_t body_at = quote_at + quote.size();
    const size_t body_end = find_string_end(body_at, quote, is_raw);
    if (body_end == std::string_view::npos) {
      return error_at(
          at_, triple ? "this string is not closed" : "this string is not closed on its line");
    }
    const std::string_view body = text_.substr(body_at, body_end - body_at);
    std::string value;
    if (is_raw) {
      value = body;
    } else if (const auto problem = unescape(body, is_bytes, value)) {
      advance(body_at + problem->offset - offset_);
      return error_at(at_, problem->message);
    }
    Token token = take(TokenKind::literal, body_end + quote.size() - offset_);
    token.literal = is_bytes ? Value::bytes(value) : Value::string(value);
    return token;
  }

  // Where the closing quote starts. Also in a raw string, no quote is looked for inside an escape
  // unless it is raw: there the backslash is an ordinary character.
  size_t find_string_end(size_t from, std::string_view quote, bool is_raw) const {
    for (size_t i = from; i < text_.size(); ++i) {
      const char c = text_[i];
      if (text_.substr(i, quote.size()) == quote) return i;
      if (quote.size() == 1 && (c == '\n' || c == '\r')) break;
      if (c == '\\' && !is_raw) ++i;
    }
    return std::string_view::npos;
  }

  Result<Token> quoted_name() {
    const auto allowed = [](char c) {
      return is_name_part(c) || c == '.' || c == '-' || c == '/' || c == ' ';
    };
    size_t length = 1;
    while (allowed(peek(length))) ++length;
    if (peek(length) != '`' || length == 1) {
      return error_at(at_, "a name in backticks has letters, digits and _ . - / and a closing `");
    }
    Token token = take(TokenKind::quoted_name, length + 1);
    token.text = token.text.substr(1, length - 1);
    return token;
  }

  Result<Token> punctuation() {
    static constexpr std::array<std::string_view, 6> kPairs = {"&&", "||", "==", "!=", "<=", ">="};
    for (const std::string_view pair : kPairs) {
      if (rest_starts_with(pair)) return take(TokenKind::punctuation, 2);
    }
    if (std::string_view("()[]{}.,:?+-*/%!<>").find(peek()) != std::string_view::npos) {
      return take(TokenKind::punctuation, 1);
    }
    return unexpected_character();
  }

  Status unexpected_character() const {
    size_t length = 1;
    while ((static_cast<uint8_t>(peek(length)) & 0xC0) == 0x80) ++length;
    std::string message = "unexpected character " + quote(text_.substr(offset_, length));
    if (peek() == '=') message += "; equality is ==";
    if (peek() == '&') message += "; logical and is &&";
    if (peek() == '|') message += "; logical or is ||";
    return error_at(at_, message);
  }

  std::string_view text_;
  size_t offset_ = 0;
  Position at_;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text) {
  return Lexer(text).run();
}

Status error_at(Position at, std::string_view message) {
  constexpr size_t kMaxMessageBytes = 500;
  if (message.size() <= kMaxMessageBytes) {
    return invalid("%d:%d: %s", at.line, at.column, message);
  }
  size_t end = kMaxMessageBytes;
  while (end > 0 && (static_cast<uint8_t>(message[end]) & 0xC0) == 0x80) --end;
  return invalid("%d:%d: %s…", at.line, at.column, message.substr(0, end));
}

bool is_keyword(std::string_view word) {
  return word == "true" || word == "false" || word == "null" || word == "in";
}

bool is_reserved(std::string_view word) {
  static constexpr std::array<std::string_view, 17> kReserved = {
      "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
      "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

bool is_selector(std::string_view word) {
  return !word.empty() && is_name_start(word.front()) &&
         std::all_of(word.begin(), word.end(), is_name_part) && !is_keyword(word);
}

}  // namespace gantry::cel
