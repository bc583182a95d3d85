#include "pkg/cel/functions/regex.h"

#include <re2/re2.h>
#include <re2/stringpiece.h>

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
  bool matches(std::string_view text) const override {
    // Debian 12's RE2 takes its own StringPiece, Debian 13's absl::string_view; neither is made of
    // a std::string_view by itself in both. The name StringPiece stands for either.
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), re_);
  }

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
