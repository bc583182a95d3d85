#include "pkg/cel/hints.h"

#include <algorithm>
#include <numeric>

#include "pkg/base/text.h"
#include "pkg/cel/signatures.h"
#include "pkg/cel/value/print.h"

namespace gantry::cel {
namespace {

// Levenshtein's: insertions, deletions and substitutions of single bytes.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t k = 1; k <= b.size(); ++k) {
      const size_t substituted = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);
      diagonal = row[k];
      row[k] = std::min({row[k] + 1, row[k - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

// "storage.type" for "type"; every variable that has such a field.
std::vector<std::string> fields_named(std::string_view name, const Declarations& declarations) {
  std::vector<std::string> paths;
  for (const auto& [variable, type] : declarations.variables()) {
    if (!type.is(TypeKind::object) || !type.object().fields.contains(name)) continue;
    paths.push_back(variable + "." + std::string(name));
  }
  return paths;
}

bool is_bare_type(const Expr& expr) {
  // The checker has turned the name into the type's value by now.
  return expr.kind == ExprKind::literal && expr.literal.is(Kind::type) &&
         expr.literal.as_type() == Kind::type;
}

std::string type_hint(const Expr& call, const Declarations& declarations) {
  const bool has_bare_type = std::any_of(call.args.begin(), call.args.end(),
                                         [](const ExprPtr& arg) { return is_bare_type(*arg); });
  const auto paths = fields_named("type", declarations);
  if (!has_bare_type || paths.empty()) return "";
  return "; type is a function of the language, did you mean " + join(paths, " or ") + "?";
}

std::string quantity_hint(const Expr& call, const std::vector<Type>& types) {
  for (size_t i = 0; i < 2; ++i) {
    const Expr& text = *call.args[i];
    const bool is_text = text.kind == ExprKind::literal && text.literal.is(Kind::string);
    if (!is_text || !types[1 - i].is(TypeKind::integer)) continue;
    const std::string& written = text.literal.as_string();
    if (parse_quantity(written)) return "; did you mean quantity(" + quote(written) + ")?";
  }
  return "";
}

std::string number_hint(const Expr& call, const std::vector<Type>& types) {
  if (!types[0].is_number() || !types[1].is_number()) return "";
  for (size_t i = 0; i < 2; ++i) {
    const Expr& number = *call.args[i];
    if (number.kind != ExprKind::literal || !number.literal.is(Kind::integer)) continue;
    const std::string written = number.literal.to_text();
    if (types[1 - i].is(TypeKind::real)) return "; did you mean " + written + ".0?";
    if (types[1 - i].is(TypeKind::uinteger)) return "; did you mean " + written + "u?";
  }
  return "; convert one of them with int(), uint() or double()";
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  // Two letters of a short word are most of it.
  size_t best_distance = word.size() > 4 ? 3 : word.size() > 2 ? 2 : 1;
  for (const std::string& candidate : candidates) {
    if (to_lower(candidate) == to_lower(word)) return candidate;
    if (candidate.size() > word.size() + 2 || word.size() > candidate.size() + 2) continue;
    const size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

std::string variable_hint(std::string_view name, const Declarations& declarations) {
  const auto paths = fields_named(name, declarations);
  if (!paths.empty()) return "; did you mean " + join(paths, " or ") + "?";
  std::vector<std::string> names;
  for (const auto& [variable, type] : declarations.variables()) names.push_back(variable);
  const std::string similar = nearest(name, names);
  if (!similar.empty()) return "; did you mean " + similar + "?";
  return names.empty() ? "" : "; there are " + join(names, ", ");
}

std::string field_hint(std::string_view name, const ObjectType& object) {
  std::vector<std::string> names;
  for (const auto& [field, declared] : object.fields) names.push_back(field);
  const std::string similar = nearest(name, names);
  if (!similar.empty()) return "; did you mean " + similar + "?";
  return "; it has " + join(names, ", ");
}

std::string function_hint(const Expr& call) {
  if (!signatures_of(call.name).empty()) {
    if (call.is_method) return "; it is called as " + call.name + "(x)";
    return "; it is called on a value: x." + call.name + "()";
  }
  std::vector<std::string> names = function_names();
  names.insert(names.end(), {"has", "all", "exists", "exists_one", "map", "filter"});
  const std::string similar = nearest(call.name, names);
  return similar.empty() ? "" : "; did you mean " + similar + "()?";
}

std::string overload_hint(const Expr& call, const std::vector<Type>& types,
                          const Declarations& declarations) {
  if (std::string hint = type_hint(call, declarations); !hint.empty()) return hint;
  const bool is_operator = call.name.front() == '_' && call.args.size() == 2;
  if (!is_operator) return "";
  if (std::string hint = quantity_hint(call, types); !hint.empty()) return hint;
  return number_hint(call, types);
}

}  // namespace gantry::cel
