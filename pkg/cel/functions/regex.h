#pragma once
// Regex: a compiled regular expression in RE2 syntax (github.com/google/re2/wiki/Syntax). Matching
// takes time linear in the text, whatever the pattern.
#include <memory>
#include <string>
#include <string_view>

#include "pkg/base/status.h"

namespace gantry::cel {

// Immutable; may be used by several threads at once.
class Regex {
 public:
  // Fails (invalid) when the pattern is none, or would need more than a megabyte.
  static Result<std::shared_ptr<const Regex>> compile(std::string_view pattern);
  virtual ~Regex() = default;

  // Whether some part of the text matches; ^ and $ anchor.
  virtual bool matches(std::string_view text) const = 0;
};

}  // namespace gantry::cel
