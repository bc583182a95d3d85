#pragma once
// Verdict: what a controller does with a reconcile's answer. The table of reconciler.h, as code.
#include <string_view>

#include "pkg/runtime/reconciler.h"

namespace gantry::runtime {

enum class Next {
  resync,   // after the resync period
  after,    // after Verdict::delay
  at_once,  // soon, without counting a failure
  backoff,  // after a delay that grows with each failure in a row
  never,    // not until somebody adds it again
};

struct Verdict {
  Next next = Next::resync;
  Duration delay{};
  bool forget_failures = true;
  bool is_bug = false;
  // For logs and the metric: settled, recheck, conflict, gone, retry, stalled, bug, cancelled.
  std::string_view label;
};

// `exists`: the object that was reconciled is still there.
Verdict judge(const Result<Outcome>& result, bool exists);

}  // namespace gantry::runtime
