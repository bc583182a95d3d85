#include "pkg/cel/evaluate.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pkg/cel/functions/library.h"
#include "pkg/cel/value/print.h"

namespace gantry::cel {
namespace {

// What several operands that are no values amount to, when none of them is absorbed.
class Pending {
 public:
  // Remembers an unknown or an error; a condition that is no bool counts as an error.
  void add(const Value& value, const Expr& expr) {
    if (value.is_unknown()) {
      unknown_ = unknown_.is_unknown() ? Value::unknown(unknown_, value) : value;
    } else if (!error_.is_error()) {
      error_ = value.is_error() ? value : not_bool(value, expr);
    }
  }
  bool empty() const { return !unknown_.is_unknown() && !error_.is_error(); }
  bool has_unknown() const { return unknown_.is_unknown(); }
  bool has_error() const { return error_.is_error(); }
  // For && and ||: once the unknown is known, it may turn out to absorb the error.
  Value unknown_first() const { return has_unknown() ? unknown_ : error_; }
  // For everything else: nothing that becomes known undoes an error.
  Value error_first() const { return has_error() ? error_ : unknown_; }

 private:
  static Value not_bool(const Value& value, const Expr& expr) {
    return Value::error("no such overload: a condition must be bool, this is " +
                        std::string(type_name(value.kind())))
        .at(expr.at.line, expr.at.column);
  }

  Value unknown_;
  Value error_;
};

class Evaluator {
 public:
  Evaluator(const Activation& activation, Meter& meter) : activation_(activation), meter_(meter) {}

  Value run(const Expr& expr) {
    if (!meter_.charge(1)) return {};
    switch (expr.kind) {
      case ExprKind::literal:
        return expr.literal;
      case ExprKind::identifier:
        return variable(expr);
      case ExprKind::select:
        return select(expr);
      case ExprKind::has:
        return has(expr);
      case ExprKind::call:
        return call(expr);
      case ExprKind::list:
        return list(expr);
      case ExprKind::map:
        return map(expr);
      case ExprKind::comprehension:
        return comprehension(expr);
    }
    return {};
  }

 private:
  static Value error_at(const Expr& expr, const std::string& message) {
    return Value::error(message).at(expr.at.line, expr.at.column);
  }

  const Value* local(const Expr& expr) const {
    if (expr.is_root) return nullptr;
    for (auto it = locals_.rbegin(); it != locals_.rend(); ++it) {
      if (*it->first == expr.name) return &it->second;
    }
    return nullptr;
  }

  Value variable(const Expr& expr) const {
    if (const Value* const value = local(expr)) return *value;
    if (const Value* const value = activation_.find(expr.name)) return *value;
    return Value::unknown(expr.name);
  }

  // "storage.avail" for a selection that starts at a variable of the activation; else empty.
  std::string path_of(const Expr& expr) const {
    if (expr.kind == ExprKind::identifier) return local(expr) == nullptr ? expr.name : "";
    const bool is_index = expr.kind == ExprKind::call && expr.name == "_[_]" &&
                          expr.args[1]->kind == ExprKind::literal;
    if (expr.kind != ExprKind::select && expr.kind != ExprKind::has && !is_index) return "";
    const std::string operand = path_of(*expr.args[0]);
    if (operand.empty()) return "";
    if (is_index) return operand + "[" + expr.args[1]->literal.to_text() + "]";
    return operand + "." + expr.name;
  }

  // When all of `storage` is unknown, what is missing is the part of it that was asked for.
  Value narrow(const Expr& expr, const Value& unknown) const {
    const std::string operand = path_of(*expr.args[0]);
    const auto& paths = unknown.unknown_paths();
    const bool is_whole = !operand.empty() && paths.size() == 1 && paths[0] == operand;
    if (!is_whole) return unknown;
    const std::string path = path_of(expr);
    return path.empty() ? unknown : Value::unknown(path);
  }

  Value select(const Expr& expr) {
    Value operand = run(*expr.args[0]);
    if (operand.is_unknown()) return narrow(expr, operand);
    if (operand.is_error()) return operand;
    if (!operand.is(Kind::map)) return no_fields(expr, operand);
    meter_.charge_text(expr.name.size());
    if (const Value* const found = operand.as_map().find(expr.name)) return *found;
    const std::string path = path_of(expr);
    return error_at(expr, path.empty() ? "no such key: " + quote(expr.name) : path + " is not set");
  }

  static Value no_fields(const Expr& expr, const Value& operand) {
    return error_at(expr, "no such overload: a value of type " +
                              std::string(type_name(operand.kind())) + " has no field " +
                              expr.name);
  }

  Value has(const Expr& expr) {
    Value operand = run(*expr.args[0]);
    if (operand.is_unknown()) return narrow(expr, operand);
    if (operand.is_error()) return operand;
    if (!operand.is(Kind::map)) return no_fields(expr, operand);
    meter_.charge_text(expr.name.size());
    const Value* const found = operand.as_map().find(expr.name);
    if (found != nullptr && !found->is_value()) return *found;
    return Value::boolean(found != nullptr);
  }

  Value call(const Expr& expr) {
    if (expr.name == "_&&_") return logic(expr, false);
    if (expr.name == "_||_") return logic(expr, true);
    if (expr.name == "_?_:_") return conditional(expr);
    return strict(expr);
  }

  // One operand that equals `absorbing` decides, whatever the others are.
  Value logic(const Expr& expr, bool absorbing) {
    Pending pending;
    for (const ExprPtr& arg : expr.args) {
      const Value value = run(*arg);
      if (meter_.exhausted()) return {};
      if (!value.is(Kind::boolean)) {
        pending.add(value, *arg);
      } else if (value.as_bool() == absorbing) {
        return value;
      }
    }
    return pending.empty() ? Value::boolean(!absorbing) : pending.unknown_first();
  }

  Value conditional(const Expr& expr) {
    const Value condition = run(*expr.args[0]);
    if (condition.is(Kind::boolean)) return run(*expr.args[condition.as_bool() ? 1 : 2]);
    Pending pending;
    pending.add(condition, *expr.args[0]);
    return pending.error_first();
  }

  // Evaluates all; nullopt when one is no value, and then `problem` says why.
  std::optional<std::vector<Value>> operands(const Expr& expr, Value& problem) {
    std::vector<Value> values;
    values.reserve(expr.args.size());
    Pending pending;
    for (const ExprPtr& arg : expr.args) {
      values.push_back(run(*arg));
      if (meter_.exhausted()) return std::nullopt;
      if (!values.back().is_value()) pending.add(values.back(), *arg);
    }
    if (pending.empty()) return values;
    problem = pending.error_first();
    return std::nullopt;
  }

  Value strict(const Expr& expr) {
    Value problem;
    const auto args = operands(expr, problem);
    if (!args) {
      const bool is_index = expr.name == "_[_]" && problem.is_unknown();
      return is_index ? narrow(expr, problem) : problem;
    }
    const Call call{expr.name, *args, meter_, expr.regex.get()};
    return function(expr.function).run(call).at(expr.at.line, expr.at.column);
  }

  Value list(const Expr& expr) {
    Value problem;
    auto elements = operands(expr, problem);
    return elements ? Value::list(*std::move(elements)) : problem;
  }

  Value map(const Expr& expr) {
    Value problem;
    const auto parts = operands(expr, problem);
    if (!parts) return problem;
    std::vector<Value::Entry> entries;
    for (size_t i = 0; i < parts->size(); i += 2)
      entries.emplace_back((*parts)[i], (*parts)[i + 1]);
    return Value::map(std::move(entries)).at(expr.at.line, expr.at.column);
  }

  Value comprehension(const Expr& expr) {
    const Value range = run(*expr.args[0]);
    if (!range.is_value()) return range;
    if (!range.is(Kind::list) && !range.is(Kind::map)) {
      return error_at(expr, "no such overload: " + expr.name + "() over a value of type " +
                                std::string(type_name(range.kind())));
    }
    locals_.emplace_back(&expr.variable, Value());
    Value result = fold(expr, range);
    locals_.pop_back();
    return result;
  }

  Value fold(const Expr& expr, const Value& range) {
    switch (expr.macro) {
      case Macro::all:
        return quantify(expr, range, false);
      case Macro::exists:
        return quantify(expr, range, true);
      case Macro::exists_one:
        return count_one(expr, range);
      default:
        return collect(expr, range);
    }
  }

  static size_t length(const Value& range) {
    return range.is(Kind::list) ? range.as_list().size() : range.as_map().size();
  }

  // Gives the variable its i-th value.
  const Value& bind(const Value& range, size_t i) {
    locals_.back().second =
        range.is(Kind::list) ? range.as_list()[i] : range.as_map().entries()[i].first;
    return locals_.back().second;
  }

  // all() is && over the elements, exists() is ||.
  Value quantify(const Expr& expr, const Value& range, bool absorbing) {
    Pending pending;
    for (size_t i = 0; i < length(range); ++i) {
      bind(range, i);
      const Value value = run(*expr.args[1]);
      if (meter_.exhausted()) return {};
      if (!value.is(Kind::boolean)) {
        pending.add(value, *expr.args[1]);
      } else if (value.as_bool() == absorbing) {
        return value;
      }
    }
    return pending.empty() ? Value::boolean(!absorbing) : pending.unknown_first();
  }

  // Never stops early: an error of any element is an error of the whole.
  Value count_one(const Expr& expr, const Value& range) {
    Pending pending;
    size_t count = 0;
    for (size_t i = 0; i < length(range); ++i) {
      bind(range, i);
      const Value value = run(*expr.args[1]);
      if (meter_.exhausted()) return {};
      if (!value.is(Kind::boolean)) {
        pending.add(value, *expr.args[1]);
      } else if (value.as_bool()) {
        ++count;
      }
    }
    if (pending.has_error()) return pending.error_first();
    const bool may_change = pending.has_unknown() && count < 2;
    return may_change ? pending.unknown_first() : Value::boolean(count == 1);
  }

  // map() and filter(): the elements that meet the condition, or what becomes of them.
  Value collect(const Expr& expr, const Value& range) {
    const bool is_map = expr.macro == Macro::map;
    const Expr* const condition = is_map && expr.args.size() == 2 ? nullptr : expr.args[1].get();
    Pending pending;
    Value::List results;
    for (size_t i = 0; i < length(range); ++i) {
      Value element = bind(range, i);
      if (condition != nullptr) {
        const Value wanted = run(*condition);
        if (!wanted.is(Kind::boolean)) pending.add(wanted, *condition);
        if (!wanted.is_true()) continue;
      }
      if (is_map) element = run(*expr.args.back());
      if (!meter_.charge(1)) return {};
      if (!element.is_value()) pending.add(element, *expr.args.back());
      results.push_back(std::move(element));
    }
    return pending.empty() ? Value::list(std::move(results)) : pending.error_first();
  }

  const Activation& activation_;
  Meter& meter_;
  std::vector<std::pair<const std::string*, Value>> locals_;
};

}  // namespace

Value evaluate(const Expr& expr, const Activation& activation, Meter& meter) {
  return Evaluator(activation, meter).run(expr);
}

}  // namespace gantry::cel
