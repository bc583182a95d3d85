#pragma once
// The composition root: a whole lab from its options until a signal.
#include "cmd/gantry-lab/options.h"
#include "pkg/base/status.h"

namespace gantry::labd {

// Starts everything, writes DIR/lab.json once it serves, and returns after SIGTERM or SIGINT, when
// everything is stopped and (unless options.keep) removed.
Status run(const Options& options);

}  // namespace gantry::labd
