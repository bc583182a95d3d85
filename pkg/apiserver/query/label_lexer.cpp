#include "pkg/apiserver/query/label_lexer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kSpecial = "=!(),<>";

// The longer spellings first.
constexpr std::array<std::pair<std::string_view, LabelToken>, 9> kSigns{{
    {"!=", LabelToken::not_equals},
    {"==", LabelToken::equals},
    {"=", LabelToken::equals},
    {"!", LabelToken::absent},
    {"(", LabelToken::open},
    {")", LabelToken::close},
    {",", LabelToken::comma},
    {">", LabelToken::greater},
    {"<", LabelToken::less},
}};

}  // namespace

LabelLexer::Word LabelLexer::next(bool operators) {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpaces), rest_.size()));
  Word word;
  if (rest_.empty()) return word;
  for (const auto& [sign, token] : kSigns) {
    if (!starts_with(rest_, sign)) continue;
    word.token = token;
    word.text = rest_.substr(0, sign.size());
    rest_.remove_prefix(sign.size());
    return word;
  }
  const auto size =
      std::min({rest_.find_first_of(kSpecial), rest_.find_first_of(kSpaces), rest_.size()});
  word.token = LabelToken::identifier;
  word.text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  if (operators && word.text == "in") word.token = LabelToken::in;
  if (operators && word.text == "notin") word.token = LabelToken::not_in;
  return word;
}

LabelLexer::Word LabelLexer::peek() const {
  auto copy = *this;
  return copy.next();
}

}  // namespace gantry::apiserver
