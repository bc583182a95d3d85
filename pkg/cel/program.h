#pragma once
// Program: the front of the package. Text goes in once, values come out as often as wanted.
//
//   GANTRY_TRY_ASSIGN(const auto program, cel::compile("node.cores > 4", declarations));
//   const cel::Outcome outcome = program.evaluate(activation);
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/status.h"
#include "pkg/cel/activation.h"
#include "pkg/cel/syntax/ast.h"
#include "pkg/cel/type.h"
#include "pkg/cel/value/value.h"

namespace gantry::cel {

// What an evaluation came to.
struct Outcome {
  enum class Kind { value, unknown, error };

  Kind kind = Kind::value;
  Value value;                       // of `value`
  std::vector<std::string> missing;  // of `unknown`: attributes such as "storage.avail", sorted
  std::string error;                 // of `error`: "line:column: what"
  uint64_t cost = 0;
};

// A text that a program compares an attribute with: storage.type == "zfspool",
// "ssd" in node.tags, storage.content.exists(c, c == "vztmpl").
struct Comparison {
  std::string attribute;  // "storage.type"
  std::string text;
  bool operator==(const Comparison&) const = default;
};

struct Limits {
  // A selector over one node costs about 20; see README.md for what costs how much.
  uint64_t cost = 100'000;
};

// Immutable and cheap to copy; may be evaluated by several threads at once.
class Program {
 public:
  // Never blocks and never throws; ends when the cost limit is reached at the latest.
  Outcome evaluate(const Activation& activation) const;

  const std::string& text() const { return *text_; }
  const Type& type() const { return type_; }
  // With every operation in parentheses.
  std::string parenthesised() const { return to_text(*expr_); }
  // The operands of the outermost &&, as programs with their own text; the program itself when it
  // is no such chain.
  std::vector<Program> conjuncts() const;
  // For equality alone, in order; what is negated is left out.
  std::vector<Comparison> comparisons() const;

 private:
  friend Result<Program> compile(std::string_view, const Declarations&, Limits);
  Program(std::shared_ptr<const Expr> expr, std::shared_ptr<const std::string> text, Type type,
          Limits limits)
      : expr_(std::move(expr)), text_(std::move(text)), type_(std::move(type)), limits_(limits) {}

  std::shared_ptr<const Expr> expr_;
  std::shared_ptr<const std::string> text_;
  size_t text_offset_ = 0;  // where text_ starts in the text that was compiled
  Type type_;
  Limits limits_;
};

// Parses and checks. Fails (invalid) with "line:column: what; hint".
Result<Program> compile(std::string_view text, const Declarations& declarations,
                        Limits limits = {});

}  // namespace gantry::cel
