#pragma once
// Pace: how often watches are served while changes come in fast.
#include <optional>

#include "pkg/async/clock.h"
#include "pkg/async/waiters.h"

namespace gantry::apiserver {

// A change is told at once after a quiet moment; what follows within the next kPaceEvery goes
// together. What a thousand watchers cost is the number of their writes, not of their changes
// (docs/adr/0022). One timer for all of them.
inline constexpr Duration kPaceEvery = std::chrono::milliseconds(20);
// So many watches are told in a row; then whatever else is ready has its turn, so that a request
// does not wait until a thousand watches have been served.
inline constexpr size_t kPaceAtOnce = 8;

class Pace {
 public:
  explicit Pace(async::Clock& clock) : clock_(clock) {}

  // Waits for the next turn, at most kPaceEvery. kCancelled when the caller is.
  Async<Status> turn();
  // Before a change is told: at once, unless many want to at the same time. kCancelled when the
  // caller is.
  Async<Status> pass();

 private:
  async::Clock& clock_;
  std::optional<Time> due_;  // somebody keeps the time
  async::Waiters waiting_;
  size_t passed_ = 0;     // since the others last had their turn
  bool crowded_ = false;  // somebody lets the others by
  async::Waiters passing_;
};

}  // namespace gantry::apiserver
