#include <fstream>

#include <gtest/gtest.h>

#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "tests/sim/scenario.h"

namespace gantry::sim {
namespace {

// How many run with every test; more with `./dev sim`.
constexpr uint64_t kSeeds = 32;

// Each fourth runs twice, to be compared; `./dev sim` compares them all.
void expect_well(uint64_t seed) {
  const auto report = seed % 4 == 0 ? run_seed_twice(seed) : run_seed(seed, false);
  EXPECT_TRUE(report.problems.empty()) << report.line();
}

// In slices, so that ctest runs them side by side.
class Seeds : public ::testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override { log::configure(log::Level::off, log::Format::text); }
};

TEST_P(Seeds, ConvergeAndHarmNobody) {
  for (uint64_t i = 0; i < kSeeds / 4; ++i) expect_well(GetParam() * 1000 + i);
}
INSTANTIATE_TEST_SUITE_P(Slices, Seeds, ::testing::Values(1, 2, 3, 4));

// Seeds that once found a fault; one a line, "#" begins a comment.
TEST(Regressions, StayRepaired) {
  log::configure(log::Level::off, log::Format::text);
  std::ifstream file(std::string(GANTRY_TEST_FOLDER) + "/regressions.txt");
  ASSERT_TRUE(file.is_open());
  for (std::string line; std::getline(file, line);) {
    const auto seed = parse_integer(trim(line.substr(0, line.find('#'))));
    if (seed.has_value()) expect_well(static_cast<uint64_t>(*seed));
  }
}

}  // namespace
}  // namespace gantry::sim
