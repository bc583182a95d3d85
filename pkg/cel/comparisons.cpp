// Which texts a program compares attributes with.
#include <map>

#include "pkg/cel/program.h"

namespace gantry::cel {
namespace {

// A comprehension's variable stands for the list that it goes through.
using Names = std::map<std::string, std::string>;

// "storage.type"; empty for what is no attribute.
std::string attribute_of(const Expr& expr, const Names& names) {
  if (expr.kind == ExprKind::identifier) {
    const auto variable = names.find(expr.name);
    return variable == names.end() || expr.is_root ? expr.name : variable->second;
  }
  if (expr.kind != ExprKind::select) return "";
  const auto object = attribute_of(*expr.args[0], names);
  return object.empty() ? "" : object + "." + expr.name;
}

void add(const Expr& attribute, const Expr& text, const Names& names,
         std::vector<Comparison>& found) {
  if (text.kind != ExprKind::literal || !text.literal.is(Kind::string)) return;
  auto name = attribute_of(attribute, names);
  if (!name.empty()) found.push_back({std::move(name), text.literal.as_string()});
}

void collect(const Expr& expr, const Names& names, std::vector<Comparison>& found) {
  const bool is_call = expr.kind == ExprKind::call;
  if (is_call && (expr.name == "!_" || expr.name == "_!=_")) return;
  if (is_call && expr.name == "_==_") {
    add(*expr.args[0], *expr.args[1], names, found);
    add(*expr.args[1], *expr.args[0], names, found);
  }
  if (is_call && expr.name == "@in") {
    add(*expr.args[1], *expr.args[0], names, found);
    if (expr.args[1]->kind == ExprKind::list) {
      for (const auto& text : expr.args[1]->args) add(*expr.args[0], *text, names, found);
    }
  }
  auto inner = names;
  if (expr.kind == ExprKind::comprehension) {
    inner[expr.variable] = attribute_of(*expr.args[0], names);
  }
  for (const auto& arg : expr.args) collect(*arg, inner, found);
}

}  // namespace

std::vector<Comparison> Program::comparisons() const {
  std::vector<Comparison> found;
  collect(*expr_, {}, found);
  return found;
}

}  // namespace gantry::cel
