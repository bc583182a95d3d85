
#include "pkg/apiserver/query/label_lexer.h"
#include "pkg/apiserver/query/selectors.h"
#include "pkg/base/text.h"
#include "pkg/store/metadata.h"

namespace gantry::apiserver {
namespace {

using store::Requirement;
using Operator = Requirement::Operator;

constexpr size_t kValuesMax = 1000;

Status found(const LabelLexer::Word& word, std::string_view expected) {
  return invalid("found '%s', expected: %s", std::string(word.text), std::string(expected));
}

// What a value must be, by the operator that it is for.
Status check_values(const Requirement& requirement) {
  const auto what = [&](size_t i) {
    return absl::StrFormat("values[%d][%s]: Invalid value: \"%s\": ", i, requirement.label,
                           requirement.values[i]);
  };
  const bool number = requirement.op == Operator::greater || requirement.op == Operator::less;
  if (requirement.values.size() > kValuesMax) return invalid("more than %d values", kValuesMax);
  for (size_t i = 0; i < requirement.values.size(); ++i) {
    const auto& value = requirement.values[i];
    if (number && !parse_integer(value))
      return invalid("%sfor 'Gt', 'Lt' operators, the value must be an integer", what(i));
    if (!number && !value.empty() && !store::is_label_text(value))
      return invalid(
          "%sa valid label must be an empty string or consist of at most 63 alphanumeric "
          "characters, '-', '_' or '.', and must start and end with an alphanumeric character",
          what(i));
  }
  return {};
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<store::Selector> parse() {
    store::Selector selector;
    while (true) {
      const auto first = lexer_.peek();
      if (first.token == LabelToken::end) return selector;
      if (first.token != LabelToken::identifier && first.token != LabelToken::absent)
        return found(first, "!, identifier, or 'end of string'");
      auto requirement = parse_requirement();
      if (!requirement.ok())
        return invalid("unable to parse requirement: %s", message_of(requirement.status()));
      selector.requirements.push_back(*std::move(requirement));
      if (selector.requirements.size() > kRequirementsMax)
        return invalid("more than %d requirements", kRequirementsMax);
      const auto after = lexer_.next();
      if (after.token == LabelToken::end) return selector;
      if (after.token != LabelToken::comma) return found(after, "',' or 'end of string'");
      const auto next = lexer_.peek();
      if (next.token != LabelToken::identifier && next.token != LabelToken::absent)
        return found(next, "identifier after ','");
    }
  }

 private:
  Result<Requirement> parse_requirement() {
    Requirement requirement;
    auto word = lexer_.next();
    const bool absent = word.token == LabelToken::absent;
    if (absent) word = lexer_.next();
    if (word.token != LabelToken::identifier) return found(word, "identifier");
    if (!store::is_qualified_name(word.text))
      return invalid(
          "key: Invalid value: \"%s\": name part must consist of alphanumeric characters, '-', "
          "'_' or '.', and must start and end with an alphanumeric character",
          std::string(word.text));
    requirement.label = word.text;
    requirement.op = absent ? Operator::absent : Operator::exists;
    const auto next = lexer_.peek().token;
    if (absent || next == LabelToken::end || next == LabelToken::comma) return requirement;
    GANTRY_TRY(parse_comparison(requirement));
    GANTRY_TRY(check_values(requirement));
    return requirement;
  }

  Status parse_comparison(Requirement& requirement) {
    const auto word = lexer_.next(true);
    switch (word.token) {
      case LabelToken::in:
      case LabelToken::not_in:
        requirement.op = word.token == LabelToken::in ? Operator::in : Operator::not_in;
        return parse_set(requirement.values);
      case LabelToken::equals:
        requirement.op = Operator::in;
        break;
      case LabelToken::not_equals:
        requirement.op = Operator::not_in;
        break;
      case LabelToken::greater:
        requirement.op = Operator::greater;
        break;
      case LabelToken::less:
        requirement.op = Operator::less;
        break;
      default:
        return found(word, "in, notin, =, ==, !=, gt, lt");
    }
    return parse_value(requirement.values);
  }

  Status parse_value(std::vector<std::string>& values) {
    const auto next = lexer_.peek();
    values.emplace_back();
    if (next.token == LabelToken::end || next.token == LabelToken::comma) return {};
    const auto word = lexer_.next();
    if (word.token != LabelToken::identifier) return found(word, "identifier");
    values.back() = word.text;
    return {};
  }

  // "(a, b)"; a value that is left out is empty.
  Status parse_set(std::vector<std::string>& values) {
    const auto open = lexer_.next();
    if (open.token != LabelToken::open) return found(open, "'('");
    if (lexer_.peek().token == LabelToken::close)
      return invalid("for 'in', 'notin' operators, values set can't be empty");
    while (true) {
      values.emplace_back();
      if (lexer_.peek().token == LabelToken::identifier) values.back() = lexer_.next().text;
      const auto word = lexer_.next();
      if (word.token == LabelToken::close) return {};
      if (word.token != LabelToken::comma) return found(word, "',' or ')'");
    }
  }

  LabelLexer lexer_;
};

}  // namespace

Result<store::Selector> parse_label_selector(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace gantry::apiserver
