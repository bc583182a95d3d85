#pragma once
// Selector: a program that says yes or no to a node, a storage or a machine, and the variables
// that selectors see.
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/cel/observation.h"
#include "pkg/cel/program.h"

namespace gantry::cel {

// The objects behind `node`, `storage` and `machine`; README.md has the table of their fields.
const Type& node_type();
const Type& storage_type();
const Type& machine_type();

// All three variables.
const Declarations& selector_declarations();

struct Match {
  enum class Verdict { matches, does_not_match, unknown };

  Verdict verdict = Verdict::unknown;
  std::string reason;                // of `unknown`: what was not observed, or what went wrong
  std::vector<std::string> missing;  // of `unknown`: attributes such as "storage.avail"

  bool matches() const { return verdict == Verdict::matches; }
  bool is_unknown() const { return verdict == Verdict::unknown; }
};

// Immutable and cheap to copy; may be evaluated by several threads at once.
class Selector {
 public:
  // Fails (invalid, catalogue code CEL-003) with "line:column: what; hint"; also when the program
  // yields no bool.
  static Result<Selector> compile(std::string_view text,
                                  const Declarations& declarations = selector_declarations());

  // Never false for want of knowledge: what cannot be evaluated is unknown.
  Match evaluate(const Activation& activation) const;

  // One operand of the selector's outermost &&, and what it said.
  struct Clause {
    std::string text;
    Match match;
  };
  // Every operand by itself, in order: which of them rejected a candidate.
  std::vector<Clause> explain(const Activation& activation) const;

  // The texts that it compares attributes with.
  std::vector<Comparison> comparisons() const { return program_.comparisons(); }
  const std::string& text() const { return program_.text(); }

 private:
  explicit Selector(Program program) : program_(std::move(program)) {}

  Program program_;
};

}  // namespace gantry::cel
