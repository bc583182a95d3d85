#pragma once
// The words of a label selector.
#include <string>
#include <string_view>

namespace gantry::apiserver {

enum class LabelToken {
  end,
  identifier,
  comma,
  open,
  close,
  absent,  // !
  equals,  // = and ==
  not_equals,
  greater,
  less,
  in,
  not_in,
};

// Takes one word after another off the front of a text.
class LabelLexer {
 public:
  explicit LabelLexer(std::string_view text) : rest_(text) {}

  struct Word {
    LabelToken token = LabelToken::end;
    std::string_view text;  // as written
  };
  // `in` and `notin` are identifiers, but where an operator is expected.
  Word next(bool operators = false);
  Word peek() const;

 private:
  std::string_view rest_;
};

}  // namespace gantry::apiserver
