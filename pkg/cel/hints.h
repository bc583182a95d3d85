#pragma once
// Hints: what the author of a wrong expression probably meant. Each is empty when nothing comes
// to mind, and otherwise starts with "; " so that it can follow a message.
#include <string>
#include <string_view>
#include <vector>

#include "pkg/cel/syntax/ast.h"
#include "pkg/cel/type.h"

namespace gantry::cel {

// The candidate that differs in case or in at most two letters; empty when none does.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// For an undeclared variable: a field of that name ("storage.avail"), or a similar variable.
std::string variable_hint(std::string_view name, const Declarations& declarations);
// For a field that an object does not have: a similar one, else all of them.
std::string field_hint(std::string_view name, const ObjectType& object);
// For an unknown function, or one called in the other style.
std::string function_hint(const Expr& call);
// For a call whose arguments have types that no overload takes.
std::string overload_hint(const Expr& call, const std::vector<Type>& types,
                          const Declarations& declarations);

}  // namespace gantry::cel
