#include "pkg/cel/program.h"

#include <absl/strings/str_format.h>

#include "pkg/cel/check.h"
#include "pkg/cel/evaluate.h"
#include "pkg/cel/syntax/parser.h"

namespace gantry::cel {

Outcome Program::evaluate(const Activation& activation) const {
  Meter meter(limits_.cost);
  Value value = cel::evaluate(*expr_, activation, meter);
  Outcome outcome;
  outcome.cost = meter.used();
  if (meter.exhausted()) {
    outcome.kind = Outcome::Kind::error;
    outcome.error = absl::StrFormat("1:1: cost limit exceeded: the expression costs more than %d",
                                    limits_.cost);
  } else if (value.is_error()) {
    const Problem& problem = value.problem();
    outcome.kind = Outcome::Kind::error;
    outcome.error = absl::StrFormat("%d:%d: %s", problem.line, problem.column, problem.message);
  } else if (value.is_unknown()) {
    outcome.kind = Outcome::Kind::unknown;
    outcome.missing = value.unknown_paths();
  } else {
    outcome.value = std::move(value);
  }
  return outcome;
}

std::vector<Program> Program::conjuncts() const {
  const bool is_chain = expr_->kind == ExprKind::call && expr_->name == "_&&_";
  if (!is_chain) return {*this};
  std::vector<Program> parts;
  for (const ExprPtr& arg : expr_->args) {
    // Shares the tree: the part keeps the whole alive.
    std::shared_ptr<const Expr> part(expr_, arg.get());
    auto text = std::make_shared<const std::string>(
        text_->substr(part->begin - text_offset_, part->end - part->begin));
    Program program(std::move(part), std::move(text), Type::boolean(), limits_);
    program.text_offset_ = arg->begin;
    parts.push_back(std::move(program));
  }
  return parts;
}

Result<Program> compile(std::string_view text, const Declarations& declarations, Limits limits) {
  GANTRY_TRY_ASSIGN(ExprPtr expr, parse(text));
  GANTRY_TRY_ASSIGN(Type type, check(*expr, declarations));
  return Program(std::move(expr), std::make_shared<const std::string>(text), std::move(type),
                 limits);
}

}  // namespace gantry::cel
