// gantry-sim: runs seeds of the simulation.
#include <cstdio>

#include <CLI/CLI.hpp>

#include "pkg/base/log.h"
#include "tests/sim/scenario.h"

int main(int argc, char** argv) {
  CLI::App app{"Runs Gantry's controllers against a simulated cluster."};
  uint64_t seed = 1, count = 1;
  bool verbose = false;
  app.add_option("--seed", seed, "The first seed.");
  app.add_option("--count", count, "How many seeds, one after the other.");
  app.add_flag("--verbose", verbose, "Print what happens; each seed runs once.");
  CLI11_PARSE(app, argc, argv);
  gantry::log::configure(verbose ? gantry::log::Level::debug : gantry::log::Level::off,
                         gantry::log::Format::text);
  int failed = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const auto report =
        verbose ? gantry::sim::run_seed(seed + i, true) : gantry::sim::run_seed_twice(seed + i);
    if (!report.problems.empty()) ++failed;
    if (!report.problems.empty() || verbose || count <= 20) {
      std::printf("%s\n", report.line().c_str());
      std::fflush(stdout);
    }
  }
  std::printf("%llu seeds, %d failed\n", static_cast<unsigned long long>(count), failed);
  return failed == 0 ? 0 : 1;
}
