#include "pkg/apiserver/query/selectors.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

// Splits at commas outside parentheses.
std::vector<std::string> split_requirements(std::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ',' && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

bool is_label_key(std::string_view key) {
  const auto slash = key.find('/');
  const auto name = slash == std::string_view::npos ? key : key.substr(slash + 1);
  if (slash != std::string_view::npos && !is_dns_subdomain(key.substr(0, slash))) return false;
  if (name.empty() || name.size() > 63) return false;
  return std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  });
}

struct Operation {
  std::string_view text;
  bool negated;
};
// The longer spellings first.
constexpr Operation kComparisons[] = {{"!=", true}, {"==", false}, {"=", false}};

std::optional<std::vector<std::string>> parse_set(std::string_view text) {
  text = trim(text);
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return std::nullopt;
  std::vector<std::string> values;
  for (const auto& value : split(text.substr(1, text.size() - 2), ','))
    values.emplace_back(trim(value));
  return values;
}

Status unreadable(std::string_view text) {
  return invalid("unable to parse requirement: %s", std::string(text));
}

}  // namespace

Result<LabelSelector::Requirement> LabelSelector::parse_requirement(std::string_view text) {
  const auto make = [&](std::string_view key, Operator op,
                        std::vector<std::string> values) -> Result<Requirement> {
    key = trim(key);
    if (!is_label_key(key)) return unreadable(text);
    return Requirement{std::string(key), op, std::move(values)};
  };
  if (starts_with(text, "!") && text.find('=') == std::string_view::npos)
    return make(text.substr(1), Operator::absent, {});
  for (const auto& [spelling, negated] : kComparisons) {
    const auto at = text.find(spelling);
    if (at == std::string_view::npos) continue;
    const auto value = trim(text.substr(at + spelling.size()));
    return make(text.substr(0, at), negated ? Operator::not_in : Operator::in,
                {std::string(value)});
  }
  for (const auto& [word, op] : {std::pair{" notin ", Operator::not_in}, {" in ", Operator::in}}) {
    // "env in(a)" is legal too: a space before the parenthesis is optional.
    const auto paren = text.find('(');
    if (paren == std::string_view::npos) break;
    const auto head = std::string(trim(text.substr(0, paren))) + " ";
    const auto at = head.rfind(word);
    if (at == std::string::npos || at + std::string_view(word).size() != head.size()) continue;
    const auto values = parse_set(text.substr(paren));
    if (!values) return unreadable(text);
    return make(head.substr(0, at), op, *values);
  }
  return make(text, Operator::exists, {});
}

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  LabelSelector selector;
  if (trim(text).empty()) return selector;
  for (const auto& part : split_requirements(text)) {
    GANTRY_TRY_ASSIGN(auto requirement, parse_requirement(trim(part)));
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

bool LabelSelector::matches(const Json& object) const {
  const auto* labels = object.find_path({"metadata", "labels"});
  return std::ranges::all_of(requirements_, [&](const Requirement& requirement) {
    const auto* label = labels == nullptr ? nullptr : labels->find(requirement.key);
    const bool listed =
        label != nullptr && label->is_string() &&
        std::ranges::find(requirement.values, label->as_string()) != requirement.values.end();
    switch (requirement.op) {
      case Operator::in:
        return listed;
      case Operator::not_in:
        return !listed;
      case Operator::exists:
        return label != nullptr;
      case Operator::absent:
        return label == nullptr;
    }
    return false;
  });
}

Result<FieldSelector> FieldSelector::parse(std::string_view text,
                                           const std::vector<std::string>& supported) {
  FieldSelector selector;
  if (trim(text).empty()) return selector;
  for (const auto& part : split(text, ',')) {
    bool read = false;
    for (const auto& [spelling, negated] : kComparisons) {
      const auto at = part.find(spelling);
      if (at == std::string::npos) continue;
      const std::string field(trim(part.substr(0, at)));
      if (std::ranges::find(supported, field) == supported.end())
        return invalid("field label not supported: %s", field);
      const std::string value(trim(std::string_view(part).substr(at + spelling.size())));
      selector.requirements_.push_back({split(field, '.'), value, negated});
      read = true;
      break;
    }
    if (!read) return invalid("invalid field selector: '%s'; expected field=value", part);
  }
  return selector;
}

bool FieldSelector::matches(const Json& object) const {
  return std::ranges::all_of(requirements_, [&](const Requirement& requirement) {
    return (field_text(object, requirement.path) == requirement.value) != requirement.negated;
  });
}

std::string field_text(const Json& object, const std::vector<std::string>& path) {
  const Json* at = &object;
  for (const auto& key : path) {
    at = at->find(key);
    if (at == nullptr) return "";
  }
  if (at->is_string()) return at->as_string();
  if (at->is_integer()) return std::to_string(at->as_integer());
  if (at->is_bool()) return at->as_bool() ? "true" : "false";
  return "";
}

}  // namespace gantry::apiserver
