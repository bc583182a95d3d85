#pragma once
// The types of the language's functions and operators: what the checker compares calls with.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/cel/type.h"

namespace gantry::cel {

// One overload. Parameters are numbered from 0 within it; a method's receiver is params[0].
struct Signature {
  std::string name;
  bool is_method = false;
  std::vector<Type> params;
  Type result;
  int parameters = 0;
};

// Every overload of that name, methods and functions alike; empty when there is none.
std::span<const Signature> signatures_of(std::string_view name);
// Every function that has a name to call it by, sorted; operators are left out.
std::vector<std::string> function_names();

}  // namespace gantry::cel
