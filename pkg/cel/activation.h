#pragma once
// Activation: the values that a program is evaluated with.
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "pkg/cel/value/value.h"

namespace gantry::cel {

// What is declared but not set here is unknown, and so is whatever set_unknown() names.
class Activation {
 public:
  // Replaces an earlier value of that name.
  Activation& set(std::string_view name, Value value);
  // Marks a variable ("storage") or an attribute of one that is set ("storage.avail") as not
  // observed. An attribute of a variable that is no map makes the whole variable unknown.
  Activation& set_unknown(std::string_view path);

  // nullptr when it was never set.
  const Value* find(std::string_view name) const;

 private:
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace gantry::cel
