#include "pkg/cel/check.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "pkg/cel/functions/library.h"
#include "pkg/cel/hints.h"
#include "pkg/cel/signatures.h"
#include "pkg/cel/syntax/lexer.h"
#include "pkg/cel/unify.h"
#include "pkg/cel/value/print.h"
#include "pkg/cel/value/time_text.h"

namespace gantry::cel {
namespace {

constexpr int kMaxPatterns = 50;

// The kinds whose names are values of the language: int, type, google.protobuf.Timestamp.
std::optional<Kind> type_named(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Kind::map); ++i) {
    if (type_name(static_cast<Kind>(i)) == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

Type type_of_literal(const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      return Type(TypeKind::null);
    case Kind::boolean:
      return Type::boolean();
    case Kind::integer:
      return Type::integer();
    case Kind::uinteger:
      return Type(TypeKind::uinteger);
    case Kind::real:
      return Type::real();
    case Kind::string:
      return Type::string();
    case Kind::bytes:
      return Type(TypeKind::bytes);
    case Kind::timestamp:
      return Type(TypeKind::timestamp);
    case Kind::duration:
      return Type(TypeKind::duration);
    case Kind::type:
      return Type(TypeKind::type);
    default:
      return Type::dyn();
  }
}

bool can_be_key(const Type& type) {
  return type.is(TypeKind::dyn) || type.is(TypeKind::parameter) || type.is(TypeKind::boolean) ||
         type.is(TypeKind::integer) || type.is(TypeKind::uinteger) || type.is(TypeKind::string);
}

// "google.protobuf.Timestamp" for a chain of plain selections; empty for anything else.
std::string dotted_name(const Expr& expr) {
  if (expr.kind == ExprKind::identifier) return expr.name;
  if (expr.kind != ExprKind::select) return "";
  const std::string operand = dotted_name(*expr.args[0]);
  return operand.empty() ? "" : operand + "." + expr.name;
}

// The call as one would write it, with types for arguments: "int == string", "string.size()".
std::string call_text(const Expr& call, const std::vector<Type>& types) {
  std::vector<std::string> texts;
  for (const Type& type : types) texts.push_back(type.to_text());
  const std::string& name = call.name;
  if (name == "_?_:_") return texts[0] + " ? " + texts[1] + " : " + texts[2];
  if (name == "_[_]") return texts[0] + "[" + texts[1] + "]";
  if (name == "@in") return join(texts, " in ");
  if (name == "!_" || name == "-_") return name.substr(0, 1) + texts[0];
  if (name.front() == '_') return join(texts, " " + name.substr(1, name.size() - 2) + " ");
  if (!call.is_method) return name + "(" + join(texts, ", ") + ")";
  const std::string receiver = texts[0];
  texts.erase(texts.begin());
  return receiver + "." + name + "(" + join(texts, ", ") + ")";
}

void become_literal(Expr& expr, Value value) {
  expr.kind = ExprKind::literal;
  expr.literal = std::move(value);
  expr.args.clear();
}

class Checker {
 public:
  explicit Checker(const Declarations& declarations) : declarations_(declarations) {}

  Result<Type> run(Expr& expr) {
    GANTRY_TRY_ASSIGN(const Type type, check(expr));
    return unifier_.resolve(type);
  }

 private:
  // Every path through the tree comes by here, so its depth is the parser's bound.
  Result<Type> check(Expr& expr) {
    switch (expr.kind) {
      case ExprKind::literal:
        return type_of_literal(expr.literal);
      case ExprKind::identifier:
        return check_identifier(expr);
      case ExprKind::select:
        return check_select(expr);
      case ExprKind::has:
        return check_has(expr);
      case ExprKind::call:
        return check_call(expr);
      case ExprKind::list:
        return check_list(expr);
      case ExprKind::map:
        return check_map(expr);
      case ExprKind::comprehension:
        return check_comprehension(expr);
    }
    return internal("an expression of no kind");
  }

  const Type* find_variable(const Expr& expr) const {
    if (!expr.is_root) {
      const auto same = [&](const auto& local) { return local.first == expr.name; };
      const auto found = std::find_if(locals_.rbegin(), locals_.rend(), same);
      if (found != locals_.rend()) return &found->second;
    }
    return declarations_.find(expr.name);
  }

  Result<Type> check_identifier(Expr& expr) {
    if (const Type* const type = find_variable(expr)) return *type;
    if (const auto kind = type_named(expr.name)) {
      become_literal(expr, Value::type(*kind));
      return Type(TypeKind::type);
    }
    return error_at(expr.at,
                    "there is no variable " + expr.name + variable_hint(expr.name, declarations_));
  }

  Result<Type> check_select(Expr& expr) {
    if (const auto kind = type_named(dotted_name(expr)); kind && !declares_google()) {
      become_literal(expr, Value::type(*kind));
      return Type(TypeKind::type);
    }
    return check_field(expr);
  }

  bool declares_google() const { return declarations_.find("google") != nullptr; }

  // The type of args[0].name, for a selection and for has().
  Result<Type> check_field(Expr& expr) {
    GANTRY_TRY_ASSIGN(const Type operand, check(*expr.args[0]));
    const Type type = unifier_.shallow(operand);
    if (type.is(TypeKind::dyn) || type.is(TypeKind::parameter)) return Type::dyn();
    if (type.is(TypeKind::map)) {
      if (unifier_.unify(type.key(), Type::string())) return type.value();
      return error_at(expr.at, "the keys of " + text(type) + " are no strings; use [ ]");
    }
    if (!type.is(TypeKind::object)) {
      return error_at(expr.at, text(type) + " has no fields, so no " + expr.name);
    }
    const auto& fields = type.object().fields;
    const auto found = fields.find(expr.name);
    if (found != fields.end()) return found->second.type;
    return error_at(expr.at, type.object().name + " has no field " + expr.name +
                                 field_hint(expr.name, type.object()));
  }

  Result<Type> check_has(Expr& expr) {
    GANTRY_TRY_ASSIGN(const Type field, check_field(expr));
    static_cast<void>(field);
    return Type::boolean();
  }

  Result<std::vector<Type>> check_args(Expr& expr) {
    std::vector<Type> types;
    types.reserve(expr.args.size());
    for (const ExprPtr& arg : expr.args) {
      GANTRY_TRY_ASSIGN(Type type, check(*arg));
      types.push_back(std::move(type));
    }
    return types;
  }

  Result<Type> check_call(Expr& expr) {
    GANTRY_TRY_ASSIGN(std::vector<Type> types, check_args(expr));
    const auto signatures = signatures_of(expr.name);
    const auto style = [&](const Signature& s) { return s.is_method == expr.is_method; };
    if (std::none_of(signatures.begin(), signatures.end(), style)) {
      return error_at(expr.at, "there is no function " + expr.name +
                                   (expr.is_method ? " to call on a value" : "") +
                                   function_hint(expr));
    }
    expr.function = find_function(expr.name);
    const bool is_chain = expr.name == "_&&_" || expr.name == "_||_";
    const auto result = is_chain ? logic(types) : resolve_overload(expr, types);
    if (!result) {
      for (Type& type : types) type = unifier_.resolve(type);
      return error_at(expr.at, "no such overload: " + call_text(expr, types) +
                                   overload_hint(expr, types, declarations_));
    }
    GANTRY_TRY(prepare(expr));
    return *result;
  }

  std::optional<Type> logic(const std::vector<Type>& types) {
    for (const Type& type : types) {
      if (!unifier_.unify(type, Type::boolean())) return std::nullopt;
    }
    return Type::boolean();
  }

  // The result of the overloads that take these types: of the only one, or dyn when several with
  // different results do because some type is not known. nullopt when none does.
  std::optional<Type> resolve_overload(const Expr& expr, const std::vector<Type>& types) {
    const Signature* only = nullptr;
    std::optional<Type> result;
    for (const Signature& signature : signatures_of(expr.name)) {
      if (signature.is_method != expr.is_method) continue;
      const Unifier::Mark mark = unifier_.mark();
      auto type = apply(signature, types);
      if (type) {
        only = result ? nullptr : &signature;
        const Type resolved = unifier_.resolve(*type);
        const bool same = !result || result->to_text() == resolved.to_text();
        result = same ? resolved : Type::dyn();
      }
      unifier_.roll_back(mark);
    }
    // Only a sole overload says what its arguments must be.
    return only != nullptr ? apply(*only, types) : result;
  }

  std::optional<Type> apply(const Signature& signature, const std::vector<Type>& types) {
    if (signature.params.size() != types.size()) return std::nullopt;
    std::vector<Type> parameters;
    for (int i = 0; i < signature.parameters; ++i) parameters.push_back(unifier_.fresh());
    for (size_t i = 0; i < types.size(); ++i) {
      if (!unifier_.unify(instantiate(signature.params[i], parameters), types[i])) {
        return std::nullopt;
      }
    }
    return instantiate(signature.result, parameters);
  }

  static Type instantiate(const Type& type, const std::vector<Type>& parameters) {
    if (type.is(TypeKind::parameter)) return parameters[static_cast<size_t>(type.index())];
    if (type.is(TypeKind::list)) return Type::list(instantiate(type.element(), parameters));
    if (!type.is(TypeKind::map)) return type;
    return Type::map(instantiate(type.key(), parameters), instantiate(type.value(), parameters));
  }

  // Works out what literals allow: folds quantity("20Gi"), compiles patterns, finds time zones.
  Status prepare(Expr& expr) {
    if (expr.function < 0 || expr.args.empty()) return {};
    const Expr& last = *expr.args.back();
    if (last.kind != ExprKind::literal) return {};
    if (function(expr.function).folds) return fold(expr);
    if (expr.args.size() != 2 || !last.literal.is(Kind::string)) return {};
    const std::string& text = last.literal.as_string();
    if (expr.name == "matches") {
      // Each may keep a megabyte for as long as the program lives.
      if (++patterns_ > kMaxPatterns) {
        return error_at(last.at, "more than " + std::to_string(kMaxPatterns) + " patterns");
      }
      auto regex = Regex::compile(text);
      if (!regex.ok()) return error_at(last.at, message_of(regex.status()));
      expr.regex = *std::move(regex);
    } else if (expr.name.starts_with("get") && !find_time_zone(text)) {
      return error_at(last.at, "unknown time zone " + quote(text));
    }
    return {};
  }

  static Status fold(Expr& expr) {
    constexpr uint64_t kBudget = 10'000;
    Meter meter(kBudget);
    const Value arg = expr.args[0]->literal;
    Value value = function(expr.function).run(Call{expr.name, {&arg, 1}, meter});
    if (value.is_error()) return error_at(expr.args[0]->at, value.problem().message);
    become_literal(expr, std::move(value));
    return {};
  }

  // The one type of several expressions; dyn when they do not agree.
  Type common(const std::vector<Type>& types) {
    const Type joined = unifier_.fresh();
    const Unifier::Mark mark = unifier_.mark();
    for (const Type& type : types) {
      if (unifier_.unify(joined, type)) continue;
      unifier_.roll_back(mark);
      return Type::dyn();
    }
    return joined;
  }

  Result<Type> check_list(Expr& expr) {
    GANTRY_TRY_ASSIGN(const std::vector<Type> types, check_args(expr));
    return Type::list(common(types));
  }

  Result<Type> check_map(Expr& expr) {
    GANTRY_TRY_ASSIGN(const std::vector<Type> types, check_args(expr));
    std::vector<Type> keys;
    std::vector<Type> values;
    for (size_t i = 0; i < types.size(); ++i) {
      if (i % 2 == 1) {
        values.push_back(types[i]);
        continue;
      }
      const Type key = unifier_.shallow(types[i]);
      if (!can_be_key(key)) {
        return error_at(expr.args[i]->at,
                        "a map key must be bool, int, uint or string, not " + text(key));
      }
      keys.push_back(key);
    }
    Type key = common(keys);
    return Type::map(std::move(key), common(values));
  }

  std::string text(const Type& type) const { return unifier_.resolve(type).to_text(); }

  // What the variable of a comprehension over this range is; nullopt when it is no range.
  std::optional<Type> element_of(const Type& range) {
    const Type type = unifier_.shallow(range);
    if (type.is(TypeKind::list)) return type.element();
    if (type.is(TypeKind::map)) return type.key();
    if (type.is(TypeKind::dyn) || type.is(TypeKind::parameter)) return Type::dyn();
    return std::nullopt;
  }

  Result<Type> check_comprehension(Expr& expr) {
    GANTRY_TRY_ASSIGN(const Type range, check(*expr.args[0]));
    const auto element = element_of(range);
    if (!element) {
      return error_at(expr.at, expr.name + "() goes over a list or a map, not over " + text(range));
    }
    locals_.emplace_back(expr.variable, *element);
    const auto result = check_steps(expr, *element);
    locals_.pop_back();
    return result;
  }

  Result<Type> check_steps(Expr& expr, const Type& element) {
    const bool has_condition = expr.macro != Macro::map || expr.args.size() == 3;
    if (has_condition) {
      GANTRY_TRY_ASSIGN(const Type condition, check(*expr.args[1]));
      if (!unifier_.unify(condition, Type::boolean())) {
        return error_at(expr.args[1]->at, "the condition of " + expr.name +
                                              "() must be true or false, this is " +
                                              text(condition));
      }
    }
    if (expr.macro == Macro::filter) return Type::list(element);
    if (expr.macro != Macro::map) return Type::boolean();
    GANTRY_TRY_ASSIGN(Type value, check(*expr.args.back()));
    return Type::list(std::move(value));
  }

  const Declarations& declarations_;
  Unifier unifier_;
  std::vector<std::pair<std::string, Type>> locals_;
  int patterns_ = 0;
};

}  // namespace

Result<Type> check(Expr& expr, const Declarations& declarations) {
  return Checker(declarations).run(expr);
}

}  // namespace gantry::cel
