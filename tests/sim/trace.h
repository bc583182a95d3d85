#pragma once
// Trace: what happened in a run, as a hash to compare runs by and as the last lines to read.
#include <cstdint>
#include <deque>
#include <string>

#include "pkg/base/time.h"

namespace gantry::sim {

class Trace {
 public:
  explicit Trace(bool verbose) : verbose_(verbose) {}
  void note(Time now, const std::string& line);
  uint64_t hash() const { return hash_; }
  const std::deque<std::string>& last() const { return last_; }

 private:
  bool verbose_;  // prints every line as it comes
  uint64_t hash_ = 14695981039346656037ULL;
  std::deque<std::string> last_;
};

}  // namespace gantry::sim
