#include <absl/strings/str_format.h>

#include "pkg/base/text.h"
#include "pkg/diagnose/diagnose.h"

namespace gantry::diagnose {
namespace {

constexpr const char* kHead = R"(# Failures

Everything known to go wrong, each with a stable code. A condition or an event that reports a
failure carries its code; codes and reasons never change, messages may. Rows of the tier
*prevented* are impossible by construction or refused at the door.

| tier | who acts |
|---|---|
| automatic | Gantry, within the repair budget; it cannot lose data |
| guarded | Gantry, with consent and proof; else it proposes |
| human | nobody but you; the message says what to do |
| prevented | nobody has to |

What this version does not report under its code is marked *not yet*, with what there is instead
where that is known: kinds and conditions that do not exist are named as they will be.
)";

std::string entry(const Failure& failure, bool is_met) {
  std::string out = absl::StrFormat("\n### %s %s\n\n", failure.code, failure.title);
  std::vector<std::string> facts = {std::string(to_string(failure.tier))};
  if (!failure.condition.empty()) facts.push_back("`" + failure.condition + "`");
  if (!failure.reason.empty()) {
    std::string reasons = "reason `" + failure.reason + "`";
    for (const auto& more : failure.also_reasons) reasons += " or `" + more + "`";
    facts.push_back(reasons);
  }
  const bool is_prevented = failure.tier == Tier::prevented;
  if (is_met && is_prevented) facts.emplace_back("proven by a test");
  if (!is_met && !is_prevented) facts.emplace_back("*not yet*");
  out += join(facts, " · ") + "\n";
  if (!is_met && !failure.not_yet.empty())
    out += absl::StrFormat("\n**Not yet**: %s.\n", failure.not_yet);
  if (!failure.message.empty()) out += absl::StrFormat("\n> %s\n", failure.message);
  if (!failure.detect.empty()) out += absl::StrFormat("\n**Known by** %s.\n", failure.detect);
  if (!failure.repair.empty()) out += absl::StrFormat("\n**Remedy** %s.\n", failure.repair);
  return out;
}

}  // namespace

std::string reference_page(const std::set<std::string>& met) {
  std::string out = kHead;
  std::string family;
  for (const auto& failure : catalogue()) {
    if (failure.family != family) out += absl::StrFormat("\n## %s\n", failure.family);
    family = failure.family;
    out += entry(failure, met.contains(failure.code));
  }
  return out;
}

}  // namespace gantry::diagnose
