#include <algorithm>

#include "pkg/apiserver/query/selectors.h"
#include "pkg/schema/json_cursor.h"

namespace gantry::apiserver {
namespace {

using store::Requirement;

// Splits at commas that no backslash precedes.
std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      terms.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  terms.push_back(text.substr(begin));
  return terms;
}

struct Term {
  std::string_view field;
  bool negated = false;
  std::string_view value;
};

std::optional<Term> split_term(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const bool negated = text.substr(i, 2) == "!=";
    if (!negated && text[i] != '=') continue;
    const bool two = negated || text.substr(i, 2) == "==";
    return Term{text.substr(0, i), negated, text.substr(i + (two ? 2 : 1))};
  }
  return std::nullopt;
}

Result<std::string> unescape(std::string_view value) {
  std::string plain;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '=')
      return invalid("invalid field selector: unescaped '=' in \"%s\"", std::string(value));
    if (c != '\\') {
      plain += c;
      continue;
    }
    if (++i == value.size() || std::string_view("\\,=").find(value[i]) == std::string_view::npos)
      return invalid("invalid field selector: invalid escape sequence in \"%s\"",
                     std::string(value));
    plain += value[i];
  }
  return plain;
}

// Events were called by this name before they had a component.
std::string_view path_of(std::string_view field, const api::meta::Kind& kind) {
  return kind.kind == "Event" && field == "source" ? "source.component" : field;
}

Result<Requirement> requirement_of(const Term& term, const api::meta::Kind& kind) {
  Requirement requirement;
  requirement.op = term.negated ? Requirement::Operator::not_in : Requirement::Operator::in;
  GANTRY_TRY_ASSIGN(auto value, unescape(term.value));
  const auto path = path_of(term.field, kind);
  if (path == "metadata.name" || path == "metadata.namespace") {
    requirement.on = path == "metadata.name" ? Requirement::On::name : Requirement::On::ns;
    requirement.values.push_back(std::move(value));
    return requirement;
  }
  const auto declared = std::ranges::find(kind.selectable, path);
  if (declared == kind.selectable.end())
    return invalid("field label not supported: %s", std::string(term.field));
  requirement.on = Requirement::On::field;
  requirement.field = static_cast<size_t>(declared - kind.selectable.begin());
  requirement.values.push_back(schema::escaped(value));
  return requirement;
}

}  // namespace

Result<store::Selector> parse_field_selector(std::string_view text, const api::meta::Kind& kind) {
  store::Selector selector;
  for (const auto& part : split_terms(text)) {
    if (part.empty()) continue;
    const auto term = split_term(part);
    if (!term)
      return invalid("invalid selector: '%s'; can't understand '%s'", std::string(text),
                     std::string(part));
    GANTRY_TRY_ASSIGN(auto requirement, requirement_of(*term, kind));
    selector.requirements.push_back(std::move(requirement));
    if (selector.requirements.size() > kRequirementsMax)
      return invalid("more than %d requirements", kRequirementsMax);
  }
  return selector;
}

}  // namespace gantry::apiserver
