#pragma once
// The functions and operators of the language that are strict: their arguments are values, never
// unknown and never errors. What is not strict (&&, ||, ?:, macros) belongs to the evaluator.
// (github.com/google/cel-spec doc/langdef.md, "List of Standard Definitions")
#include <span>
#include <string_view>

#include "pkg/cel/functions/regex.h"
#include "pkg/cel/value/meter.h"
#include "pkg/cel/value/value.h"

namespace gantry::cel {

// One call. A method's receiver is args[0].
struct Call {
  std::string_view name;
  std::span<const Value> args;
  Meter& meter;
  const Regex* regex = nullptr;  // of matches(), when its pattern was compiled beforehand

  const Value& operator[](size_t i) const { return args[i]; }
};

// Chooses the overload by the kinds of the arguments; an error value when none fits. When the
// meter runs dry the result is worthless.
using Native = Value (*)(const Call&);

struct Function {
  std::string_view name;
  Native run = nullptr;
  // Cheap and fixed when its arguments are: done at compile time, so that quantity("12Q") is an
  // error of the program and not of its first evaluation.
  bool folds = false;
};

// The index for function(); -1 when there is none of that name.
int find_function(std::string_view name);
const Function& function(int index);

// "no such overload: _+_(int, string)"
Value no_overload(const Call& call);

}  // namespace gantry::cel
