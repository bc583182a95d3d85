// The simulation can fail: ten mistakes that others have made are caught, and soon.
#include <gtest/gtest.h>

#include "pkg/base/log.h"
#include "tests/sim/scenario.h"

namespace gantry::sim {
namespace {

constexpr uint64_t kSeeds = 2000;

// What the invariant that is meant for the bug says.
std::string accusation(Bug bug) {
  switch (bug) {
    case Bug::skip_canary:
    case Bug::trust_incomplete:
    case Bug::skip_quorum:
    case Bug::act_in_observe_mode:
      return "writes through a closed gate";
    case Bug::forget_await_on_stop:
      return "a container was destroyed while it ran";
    case Bug::retry_create_blindly:
      return "more than one container of the Machine";
    case Bug::ignore_marker:
      return "a stranger's guest was";
    case Bug::reuse_vmid_at_once:
      return "was given out again at once";
    case Bug::gone_from_403:
    case Bug::finalizer_before_proof:
      return "went before it";
  }
  return "";
}

// The first problem of the report that says so; empty when none does.
std::string found(const Report& report, const std::string& words) {
  const auto it = std::ranges::find_if(report.problems, [&](const std::string& problem) {
    return problem.find(words) != std::string::npos;
  });
  return it == report.problems.end() ? "" : *it;
}

class Proof : public ::testing::TestWithParam<Bug> {};

TEST_P(Proof, TheBugIsCaught) {
  log::configure(log::Level::off, log::Format::text);
  const Bugs bugs{GetParam()};
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto problem = found(run_seed(seed, false, bugs), accusation(GetParam()));
    if (problem.empty()) continue;
    std::printf("%s: seed %d: %s\n", to_string(GetParam()).c_str(), static_cast<int>(seed),
                problem.c_str());
    return;
  }
  FAIL() << "not caught within " << kSeeds << " seeds";
}

std::string name_of(const ::testing::TestParamInfo<Bug>& info) {
  auto name = to_string(info.param);
  std::ranges::replace(name, '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Bugs, Proof, ::testing::ValuesIn(all_bugs()), name_of);

}  // namespace
}  // namespace gantry::sim
