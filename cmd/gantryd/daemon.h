#pragma once
// Daemon: the composition root. The only code that names concrete drivers; no logic.
#include <memory>
#include <string>

#include "cmd/gantryd/options.h"
#include "pkg/base/status.h"

namespace gantry::daemon {

// Runs until SIGTERM or SIGINT, then stops within 10 s. Errors: what kept it from starting, or what
// ended it.
Status run(const Options& options);

}  // namespace gantry::daemon
