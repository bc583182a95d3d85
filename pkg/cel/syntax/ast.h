#pragma once
// Expr: a CEL expression as a tree, macros already resolved.
//
// The parser makes trees of bounded depth, so walking them by recursion is safe.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/cel/value/value.h"

namespace gantry::cel {

class Regex;

// 1-based; columns count code points.
struct Position {
  int line = 1;
  int column = 1;
};

enum class ExprKind : uint8_t {
  literal,        // `literal`
  identifier,     // `name`
  select,         // args[0].name
  has,            // has(args[0].name)
  call,           // name(args…), or args[0].name(args[1]…) when `is_method`
  list,           // [args…]
  map,            // {args[0]: args[1], …}
  comprehension,  // args[0].name(variable, args[1]…), as `macro` says
};

enum class Macro : uint8_t { none, all, exists, exists_one, map, filter };

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

// Operators are calls with the names of the language definition: "_+_", "!_", "_?_:_", "@in",
// "_[_]". "_&&_" and "_||_" take two or more arguments, so that long chains stay flat.
struct Expr {
  ExprKind kind = ExprKind::literal;
  Position at;       // of the operator, the name after the dot, or the first token
  size_t begin = 0;  // source bytes [begin, end), with parentheses around it
  size_t end = 0;
  int depth = 1;  // of the tree below, itself included

  Value literal;
  std::string name;
  std::string variable;  // a comprehension's variable
  Macro macro = Macro::none;
  bool is_method = false;
  bool is_root = false;  // ".name": never a comprehension's variable
  std::vector<ExprPtr> args;

  // Set by the checker: which library function a call means, and the compiled pattern of a
  // matches() whose pattern is a literal.
  int function = -1;
  std::shared_ptr<const Regex> regex;
};

// The expression with every operation in parentheses: "((a + (b * c)) > 1)". It parses back to an
// equal tree.
std::string to_text(const Expr& expr);

}  // namespace gantry::cel
