// gantry-sim: runs seeds of the simulation.
#include <algorithm>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "pkg/base/log.h"
#include "tests/sim/program/workers.h"
#include "tests/sim/scenario.h"

namespace {

using namespace gantry;

int show_one(uint64_t seed, const sim::Bugs& bugs) {
  log::configure(log::Level::debug, log::Format::text);
  const auto report = sim::run_seed(seed, true, bugs);
  std::printf("%s\n", report.line().c_str());
  return report.problems.empty() ? 0 : 1;
}

// Rarest last; false when one was never reached.
bool show_reached(const sim::Totals& totals) {
  bool all = true;
  for (size_t place = 0; place < sim::places().size(); ++place) {
    std::printf("%8llu  %s\n", static_cast<unsigned long long>(totals.reached[place]),
                sim::places()[place].c_str());
    all = all && totals.reached[place] > 0;
  }
  if (!all) std::printf("some places were never reached\n");
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs Gantry's controllers against a simulated cluster."};
  sim::Work work;
  work.processes = static_cast<unsigned>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  bool verbose = false, reach = false;
  std::vector<std::string> names;
  app.add_option("--seed", work.first, "The first seed.");
  app.add_option("--count", work.count, "How many seeds.");
  app.add_option("--jobs", work.processes, "How many at once; as many as there are cores.");
  app.add_option("--twice", work.twice_in, "Each so manieth seed runs twice and is compared.");
  app.add_flag("--reach", reach, "Say how many came by each rare path; fail when none did.");
  app.add_flag("--verbose", verbose, "Print everything that happens; one seed only.");
  app.add_option("--bug", names, "A deliberate bug; with --verbose.");
  CLI11_PARSE(app, argc, argv);
  sim::Bugs bugs;
  for (const auto& name : names) {
    const auto bug = sim::parse_bug(name);
    if (!bug.ok()) return std::fprintf(stderr, "%s\n", message_of(bug.status()).c_str()), 2;
    bugs.insert(*bug);
  }
  if (verbose) return show_one(work.first, bugs);
  log::configure(log::Level::off, log::Format::text);
  const auto totals = sim::run(work);
  const bool complete = !reach || show_reached(totals);
  constexpr double kYear = 365.25 * 24 * 3600;
  std::printf(
      "%llu seeds, %llu failed; %.1f seeds a second, %.3f simulated years\n",
      static_cast<unsigned long long>(totals.seeds), static_cast<unsigned long long>(totals.failed),
      static_cast<double>(totals.seeds) / totals.real_seconds, totals.simulated_seconds / kYear);
  return totals.failed == 0 && complete ? 0 : 1;
}
