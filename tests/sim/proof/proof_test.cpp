// The simulation can fail: eight of ten mistakes that others have made are caught, and soon.
#include <gtest/gtest.h>

#include "pkg/base/log.h"
#include "tests/sim/scenario.h"

namespace gantry::sim {
namespace {

constexpr uint64_t kSeeds = 2000;

class Proof : public ::testing::TestWithParam<Bug> {};

TEST_P(Proof, TheBugIsCaught) {
  log::configure(log::Level::off, log::Format::text);
  const Bugs bugs{GetParam()};
  uint64_t seed = 1;
  Report report;
  while (seed <= kSeeds) {
    report = run_seed(seed, false, bugs);
    if (!report.problems.empty()) break;
    ++seed;
  }
  ASSERT_FALSE(report.problems.empty());
  RecordProperty("seed", static_cast<int>(seed));
  std::printf("%s: seed %d: %s\n", to_string(GetParam()).c_str(), static_cast<int>(seed),
              report.problems.front().c_str());
}

// Not in the proof yet: Proxmox refuses what is written without quorum, and strangers whose guests
// are in our pool, where we could see them, are too rare.
std::vector<Bug> caught() {
  auto bugs = all_bugs();
  std::erase_if(bugs, [](Bug bug) { return bug == Bug::skip_quorum || bug == Bug::ignore_marker; });
  return bugs;
}

std::string name_of(const ::testing::TestParamInfo<Bug>& info) {
  auto name = to_string(info.param);
  std::ranges::replace(name, '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Bugs, Proof, ::testing::ValuesIn(caught()), name_of);

}  // namespace
}  // namespace gantry::sim
