#include "pkg/cel/functions/regex.h"

#include <re2/re2.h>

namespace gantry::cel {
namespace {

constexpr int64_t kMaxMemoryBytes = 1 << 20;

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemoryBytes);
  return options;
}

class Re2Regex final : public Regex {
 public:
  explicit Re2Regex(const std::string& pattern) : re_(pattern, options()) {}

  const RE2& re() const { return re_; }
  bool matches(std::string_view text) const override { return RE2::PartialMatch(text, re_); }

 private:
  RE2 re_;
};

}  // namespace

Result<std::shared_ptr<const Regex>> Regex::compile(std::string_view pattern) {
  auto regex = std::make_shared<const Re2Regex>(std::string(pattern));
  if (!regex->re().ok()) {
    return invalid("not a regular expression (RE2): %s", regex->re().error());
  }
  return regex;
}

}  // namespace gantry::cel
