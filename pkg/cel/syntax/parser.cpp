#include "pkg/cel/syntax/parser.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "pkg/cel/syntax/lexer.h"
#include "pkg/cel/syntax/literal.h"
#include "pkg/cel/syntax/macros.h"
#include "pkg/cel/value/print.h"

namespace gantry::cel {
namespace {

// How tightly a binary operator binds; 0 for what is none.
int precedence(const Token& token) {
  const std::string_view text = token.text;
  if (token.kind == TokenKind::identifier) return text == "in" ? 3 : 0;
  if (token.kind != TokenKind::punctuation) return 0;
  if (text == "||") return 1;
  if (text == "&&") return 2;
  if (text == "==" || text == "!=" || text == "<" || text == "<=" || text == ">" || text == ">=") {
    return 3;
  }
  if (text == "+" || text == "-") return 4;
  return text == "*" || text == "/" || text == "%" ? 5 : 0;
}

std::string function_name(const Token& op) {
  return op.text == "in" ? "@in" : "_" + op.text + "_";
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<ExprPtr> run() {
    GANTRY_TRY_ASSIGN(ExprPtr expr, expression());
    if (peek().kind != TokenKind::end) return unexpected("an operator or the end");
    return expr;
  }

 private:
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
  }
  const Token& take() {
    const Token& token = peek();
    last_end_ = token.end;
    if (next_ + 1 < tokens_.size()) ++next_;
    return token;
  }
  bool at_mark(std::string_view mark) const {
    return peek().kind == TokenKind::punctuation && peek().text == mark;
  }
  bool take_mark(std::string_view mark) {
    if (!at_mark(mark)) return false;
    take();
    return true;
  }
  Status expect(std::string_view mark) {
    if (take_mark(mark)) return {};
    return unexpected(quote(mark));
  }

  Status unexpected(std::string_view wanted) const {
    const Token& token = peek();
    if (token.kind == TokenKind::end) {
      return error_at(token.at,
                      "the expression ends where " + std::string(wanted) + " was expected");
    }
    if (token.kind == TokenKind::identifier && is_reserved(token.text)) {
      return error_at(token.at, token.text + " is a reserved word of the language");
    }
    const std::string found =
        token.literal.is(Kind::null) ? quote(token.text) : token.literal.to_text(40);
    return error_at(token.at, "found " + found + " where " + std::string(wanted) + " was expected");
  }

  static ExprPtr make(ExprKind kind, const Token& token) {
    auto expr = std::make_unique<Expr>();
    expr->kind = kind;
    expr->at = token.at;
    expr->begin = token.begin;
    return expr;
  }

  // Every node passes here once it is complete.
  Result<ExprPtr> finish(ExprPtr expr) {
    expr->end = last_end_;
    for (const ExprPtr& arg : expr->args) expr->depth = std::max(expr->depth, arg->depth + 1);
    return check_depth(std::move(expr));
  }

  static Result<ExprPtr> check_depth(ExprPtr expr) {
    if (expr->depth > kMaxDepth) {
      return error_at(expr->at, "the expression has more than " + std::to_string(kMaxDepth) +
                                    " operations inside each other");
    }
    return expr;
  }

  Result<ExprPtr> expression() {
    if (++nesting_ > kMaxNesting) {
      return error_at(peek().at, "the expression is nested more than " +
                                     std::to_string(kMaxNesting) + " levels deep");
    }
    Result<ExprPtr> expr = conditional();
    --nesting_;
    return expr;
  }

  Result<ExprPtr> conditional() {
    GANTRY_TRY_ASSIGN(ExprPtr condition, binary(1));
    if (!at_mark("?")) return condition;
    ExprPtr expr = make(ExprKind::call, take());
    expr->begin = condition->begin;
    expr->name = "_?_:_";
    expr->args.push_back(std::move(condition));
    GANTRY_TRY_ASSIGN(ExprPtr yes, binary(1));
    expr->args.push_back(std::move(yes));
    GANTRY_TRY(expect(":"));
    GANTRY_TRY_ASSIGN(ExprPtr no, expression());
    expr->args.push_back(std::move(no));
    return finish(std::move(expr));
  }

  // Precedence climbing: everything that binds at least as tightly as `weakest`.
  Result<ExprPtr> binary(int weakest) {
    GANTRY_TRY_ASSIGN(ExprPtr left, unary());
    while (true) {
      const int binding = precedence(peek());
      if (binding == 0 || binding < weakest) return left;
      const Token& op = take();
      GANTRY_TRY_ASSIGN(ExprPtr right, binary(binding + 1));
      if (binding <= 2 && continues_chain(*left, op)) {
        GANTRY_TRY_ASSIGN(left, lengthen(std::move(left), std::move(right)));
      } else {
        GANTRY_TRY_ASSIGN(left, operation(op, std::move(left), std::move(right)));
      }
    }
  }

  Result<ExprPtr> operation(const Token& op, ExprPtr left, ExprPtr right) {
    ExprPtr call = make(ExprKind::call, op);
    call->begin = left->begin;
    call->name = function_name(op);
    call->args.push_back(std::move(left));
    call->args.push_back(std::move(right));
    return finish(std::move(call));
  }

  // Unlike finish(), does not look at the operands that are there: a chain may have thousands.
  Result<ExprPtr> lengthen(ExprPtr chain, ExprPtr operand) {
    chain->depth = std::max(chain->depth, operand->depth + 1);
    chain->end = last_end_;
    chain->args.push_back(std::move(operand));
    return check_depth(std::move(chain));
  }

  // Whether `left` is the chain that `op` lengthens: a && b before && c, without parentheses.
  bool continues_chain(const Expr& left, const Token& op) const {
    return left.kind == ExprKind::call && left.name == function_name(op) && &left != closed_;
  }

  Result<ExprPtr> unary() {
    if (!at_mark("!") && !at_mark("-")) return member();
    const Token& op = take();
    const bool minus = op.text == "-";
    if (minus && peek().kind == TokenKind::literal && peek().literal.is(Kind::null)) {
      return member(&op);
    }
    if (++nesting_ > kMaxNesting) {
      return error_at(op.at, "more than " + std::to_string(kMaxNesting) + " levels of nesting");
    }
    ExprPtr expr = make(ExprKind::call, op);
    expr->name = minus ? "-_" : "!_";
    GANTRY_TRY_ASSIGN(ExprPtr operand, unary());
    --nesting_;
    expr->args.push_back(std::move(operand));
    return finish(std::move(expr));
  }

  Result<ExprPtr> member(const Token* minus = nullptr) {
    GANTRY_TRY_ASSIGN(ExprPtr expr, primary(minus));
    while (true) {
      if (at_mark(".")) {
        GANTRY_TRY_ASSIGN(expr, selection(std::move(expr)));
      } else if (at_mark("[")) {
        GANTRY_TRY_ASSIGN(expr, index(std::move(expr)));
      } else if (at_mark("{")) {
        return error_at(expr->at, "messages cannot be constructed here; a map is {\"key\": value}");
      } else {
        return expr;
      }
    }
  }

  Result<ExprPtr> selection(ExprPtr operand) {
    take();
    const size_t begin = operand->begin;
    if (at_mark("?"))
      return error_at(peek().at, "optional selection .? is not supported; use has()");
    const bool quoted = peek().kind == TokenKind::quoted_name;
    const bool named = peek().kind == TokenKind::identifier && !is_keyword(peek().text);
    if (!quoted && !named) return unexpected("a field's name");
    const Token& name = take();
    ExprPtr expr = make(ExprKind::select, name);
    expr->begin = begin;
    expr->name = name.text;
    expr->args.push_back(std::move(operand));
    if (quoted || !at_mark("(")) return finish(std::move(expr));
    expr->kind = ExprKind::call;
    expr->is_method = true;
    return call(std::move(expr));
  }

  Result<ExprPtr> index(ExprPtr operand) {
    ExprPtr expr = make(ExprKind::call, take());
    expr->begin = operand->begin;
    expr->name = "_[_]";
    expr->args.push_back(std::move(operand));
    if (at_mark("?")) return error_at(peek().at, "optional index [?] is not supported; use in");
    GANTRY_TRY_ASSIGN(ExprPtr key, expression());
    expr->args.push_back(std::move(key));
    GANTRY_TRY(expect("]"));
    return finish(std::move(expr));
  }

  // The arguments of a call whose name has been read.
  Result<ExprPtr> call(ExprPtr expr) {
    take();
    while (!at_mark(")")) {
      GANTRY_TRY_ASSIGN(ExprPtr arg, expression());
      expr->args.push_back(std::move(arg));
      if (!take_mark(",")) break;
      if (at_mark(")")) return unexpected("an argument");
    }
    GANTRY_TRY(expect(")"));
    GANTRY_TRY(expand_macro(*expr));
    return finish(std::move(expr));
  }

  Result<ExprPtr> primary(const Token* minus) {
    if (peek().kind == TokenKind::literal) return literal(minus);
    if (peek().kind == TokenKind::identifier) return name(false);
    if (at_mark("(")) return parenthesised();
    if (at_mark("[")) return list();
    if (at_mark("{")) return map();
    if (take_mark(".")) {
      if (peek().kind != TokenKind::identifier) return unexpected("a name");
      return name(true);
    }
    return unexpected("an expression");
  }

  Result<ExprPtr> literal(const Token* minus) {
    const Token& token = take();
    ExprPtr expr = make(ExprKind::literal, minus == nullptr ? token : *minus);
    const bool is_number = token.literal.is(Kind::null);
    expr->literal = is_number ? number_literal(token.text, minus != nullptr) : token.literal;
    if (expr->literal.is_error()) return error_at(expr->at, expr->literal.problem().message);
    return finish(std::move(expr));
  }

  Result<ExprPtr> name(bool is_root) {
    if (is_reserved(peek().text) || peek().text == "in") return unexpected("an expression");
    const Token& token = take();
    ExprPtr expr = make(ExprKind::literal, token);
    if (!is_root && token.text == "null") return finish(std::move(expr));
    if (!is_root && (token.text == "true" || token.text == "false")) {
      expr->literal = Value::boolean(token.text == "true");
      return finish(std::move(expr));
    }
    if (is_keyword(token.text)) return error_at(token.at, "found a literal where a name belongs");
    expr->kind = ExprKind::identifier;
    expr->name = token.text;
    expr->is_root = is_root;
    if (!at_mark("(")) return finish(std::move(expr));
    expr->kind = ExprKind::call;
    return call(std::move(expr));
  }

  Result<ExprPtr> parenthesised() {
    const size_t begin = take().begin;
    GANTRY_TRY_ASSIGN(ExprPtr expr, expression());
    GANTRY_TRY(expect(")"));
    expr->begin = begin;
    expr->end = last_end_;
    closed_ = expr.get();
    return expr;
  }

  Result<ExprPtr> list() {
    ExprPtr expr = make(ExprKind::list, take());
    while (!at_mark("]")) {
      if (at_mark("?")) return error_at(peek().at, "optional elements are not supported");
      GANTRY_TRY_ASSIGN(ExprPtr element, expression());
      expr->args.push_back(std::move(element));
      if (!take_mark(",")) break;
    }
    GANTRY_TRY(expect("]"));
    return finish(std::move(expr));
  }

  Result<ExprPtr> map() {
    ExprPtr expr = make(ExprKind::map, take());
    while (!at_mark("}")) {
      if (at_mark("?")) return error_at(peek().at, "optional entries are not supported");
      GANTRY_TRY_ASSIGN(ExprPtr key, expression());
      expr->args.push_back(std::move(key));
      GANTRY_TRY(expect(":"));
      GANTRY_TRY_ASSIGN(ExprPtr value, expression());
      expr->args.push_back(std::move(value));
      if (!take_mark(",")) break;
    }
    GANTRY_TRY(expect("}"));
    return finish(std::move(expr));
  }

  std::vector<Token> tokens_;
  size_t next_ = 0;
  size_t last_end_ = 0;
  int nesting_ = 0;
  const Expr* closed_ = nullptr;  // the expression whose parenthesis was closed last
};

}  // namespace

Result<ExprPtr> parse(std::string_view text) {
  GANTRY_TRY_ASSIGN(std::vector<Token> tokens, tokenize(text));
  return Parser(std::move(tokens)).run();
}

}  // namespace gantry::cel
