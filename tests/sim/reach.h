#pragma once
// Reach: the rare paths that seeds must come by. Without it nobody knows what a green run has seen.
#include <bitset>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::sim {

// All that is counted: reasons in the conditions of Machines and clusters, and moments of the
// simulation itself. 2,000 seeds must come by each of them.
const std::vector<std::string>& places();

class Reached {
 public:
  static constexpr size_t kMost = 64;
  // What is no place is ignored.
  void note(std::string_view place);
  bool has(size_t place) const { return places_.test(place); }

 private:
  std::bitset<kMost> places_;
};

}  // namespace gantry::sim
