#include <fstream>

#include <gtest/gtest.h>

#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "tests/sim/scenario.h"

namespace gantry::sim {
namespace {

// Seeds that once found a fault; one a line, "#" begins a comment.
TEST(Regressions, StayRepaired) {
  log::configure(log::Level::off, log::Format::text);
  std::ifstream file(std::string(GANTRY_TEST_FOLDER) + "/regressions.txt");
  ASSERT_TRUE(file.is_open());
  for (std::string line; std::getline(file, line);) {
    const auto seed = parse_integer(trim(line.substr(0, line.find('#'))));
    if (!seed.has_value()) continue;
    const auto report = run_seed_twice(static_cast<uint64_t>(*seed));
    EXPECT_TRUE(report.problems.empty()) << report.line();
  }
}

}  // namespace
}  // namespace gantry::sim
