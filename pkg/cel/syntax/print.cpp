#include <algorithm>
#include <limits>

#include "pkg/cel/syntax/ast.h"
#include "pkg/cel/syntax/lexer.h"

namespace gantry::cel {
namespace {

class Printer {
 public:
  void print(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::literal:
        out_ += expr.literal.to_text(std::numeric_limits<size_t>::max() / 2);
        break;
      case ExprKind::identifier:
        out_ += expr.is_root ? "." + expr.name : expr.name;
        break;
      case ExprKind::select:
        print_select(expr);
        break;
      case ExprKind::has:
        out_ += "has(";
        print_select(expr);
        out_ += ")";
        break;
      case ExprKind::call:
        print_call(expr);
        break;
      case ExprKind::list:
        print_joined("[", expr, 0, "]");
        break;
      case ExprKind::map:
        print_map(expr);
        break;
      case ExprKind::comprehension:
        print_operand(*expr.args[0]);
        print_joined("." + expr.name + "(" + expr.variable + ", ", expr, 1, ")");
        break;
    }
  }

  std::string take() { return std::move(out_); }

 private:
  // A literal number before a dot would be read as a fraction, so it gets parentheses.
  void print_operand(const Expr& expr) {
    const bool bare = expr.kind != ExprKind::literal || !expr.literal.is_number();
    if (!bare) out_ += '(';
    print(expr);
    if (!bare) out_ += ')';
  }

  void print_select(const Expr& expr) {
    print_operand(*expr.args[0]);
    out_ += is_selector(expr.name) ? "." + expr.name : ".`" + expr.name + "`";
  }

  void print_joined(const std::string& open, const Expr& expr, size_t from,
                    const std::string& close, std::string_view separator = ", ") {
    out_ += open;
    for (size_t i = from; i < expr.args.size(); ++i) {
      if (i > from) out_ += separator;
      print(*expr.args[i]);
    }
    out_ += close;
  }

  void print_map(const Expr& expr) {
    out_ += '{';
    for (size_t i = 0; i < expr.args.size(); i += 2) {
      if (i > 0) out_ += ", ";
      print(*expr.args[i]);
      out_ += ": ";
      print(*expr.args[i + 1]);
    }
    out_ += '}';
  }

  void print_call(const Expr& expr) {
    const std::string& name = expr.name;
    if (expr.is_method) {
      print_operand(*expr.args[0]);
      return print_joined("." + name + "(", expr, 1, ")");
    }
    if (name == "!_") return print_joined("(!", expr, 0, ")");
    if (name == "-_") {
      // "-1" is a literal, -(1) an operation.
      out_ += "(-";
      print_operand(*expr.args[0]);
      out_ += ')';
      return;
    }
    if (name == "@in") return print_joined("(", expr, 0, ")", " in ");
    if (name == "_[_]") {
      print_operand(*expr.args[0]);
      return print_joined("[", expr, 1, "]");
    }
    if (name == "_?_:_") {
      out_ += '(';
      print(*expr.args[0]);
      out_ += " ? ";
      print(*expr.args[1]);
      out_ += " : ";
      print(*expr.args[2]);
      out_ += ')';
      return;
    }
    if (!is_selector(name)) {
      const std::string sign = " " + name.substr(1, name.size() - 2) + " ";
      return print_joined("(", expr, 0, ")", sign);
    }
    print_joined((expr.is_root ? "." : "") + name + "(", expr, 0, ")");
  }

  std::string out_;
};

}  // namespace

std::string to_text(const Expr& expr) {
  Printer printer;
  printer.print(expr);
  return printer.take();
}

}  // namespace gantry::cel
