#pragma once
// Scenarios: workload and faults drawn from one seed, then quiet, then the verdict.
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace gantry::sim {

struct Report {
  uint64_t seed = 0;
  uint64_t hash = 0;
  std::vector<std::string> problems;  // empty: all is well
  std::vector<std::string> last;      // what happened last
  Duration simulated{};
  Duration converged_after{};  // the end of the faults
  size_t writes = 0;
  Reached reached;
  // For people: one line, the problems, and how to run it again.
  std::string line() const;
};

// One run; with these bugs.
Report run_seed(uint64_t seed, bool verbose, const Bugs& bugs = {});
// Twice; a difference in what happened is a problem of its own.
Report run_seed_twice(uint64_t seed);

}  // namespace gantry::sim
