#include "pkg/cel/syntax/macros.h"

#include <array>
#include <utility>

#include "pkg/cel/syntax/lexer.h"

namespace gantry::cel {
namespace {

struct MacroName {
  std::string_view name;
  Macro macro;
  std::string_view usage;
};

constexpr std::array<MacroName, 6> kMacros = {{
    {"all", Macro::all, "list.all(x, condition)"},
    {"exists", Macro::exists, "list.exists(x, condition)"},
    {"exists_one", Macro::exists_one, "list.exists_one(x, condition)"},
    {"existsOne", Macro::exists_one, "list.exists_one(x, condition)"},
    {"map", Macro::map, "list.map(x, value) or list.map(x, condition, value)"},
    {"filter", Macro::filter, "list.filter(x, condition)"},
}};

Status expand_has(Expr& call) {
  const bool is_selection = call.args.size() == 1 && call.args[0]->kind == ExprKind::select;
  if (!is_selection) {
    const Position at = call.args.empty() ? call.at : call.args[0]->at;
    return error_at(at, "has() needs the selection of one field, as in has(storage.avail)");
  }
  ExprPtr selection = std::move(call.args[0]);
  call.kind = ExprKind::has;
  call.at = selection->at;
  call.name = std::move(selection->name);
  call.args = std::move(selection->args);
  call.depth = call.args[0]->depth + 1;
  return {};
}

Status expand_comprehension(Expr& call, const MacroName& macro) {
  const size_t given = call.args.size() - 1;  // without the receiver
  const bool fits = given == 2 || (given == 3 && macro.macro == Macro::map);
  if (!fits) {
    return error_at(
        call.at, call.name + "() takes a variable and an expression: " + std::string(macro.usage));
  }
  const Expr& variable = *call.args[1];
  if (variable.kind != ExprKind::identifier || variable.is_root) {
    return error_at(variable.at, "the first argument of " + call.name +
                                     "() must be a simple name: " + std::string(macro.usage));
  }
  call.kind = ExprKind::comprehension;
  call.macro = macro.macro;
  call.variable = variable.name;
  call.is_method = false;
  call.args.erase(call.args.begin() + 1);
  return {};
}

}  // namespace

Status expand_macro(Expr& call) {
  if (!call.is_method) return call.name == "has" ? expand_has(call) : Status();
  for (const MacroName& macro : kMacros) {
    if (macro.name == call.name) return expand_comprehension(call, macro);
  }
  return {};
}

}  // namespace gantry::cel
