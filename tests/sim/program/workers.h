#pragma once
// Workers: seeds on every core, each core a process of its own, so that a crash costs one seed.
#include <cstdint>
#include <string>
#include <vector>

namespace gantry::sim {

struct Work {
  uint64_t first = 1, count = 1;
  unsigned processes = 1;
  uint64_t twice_in = 50;  // each so manieth seed runs twice and must do the same; 0: none
};
struct Totals {
  uint64_t seeds = 0, failed = 0;
  double simulated_seconds = 0, real_seconds = 0;
  std::vector<uint64_t> reached;  // how many seeds came by each of places()
};

// Prints what is wrong with a seed as soon as it is known.
Totals run(const Work& work);

}  // namespace gantry::sim
