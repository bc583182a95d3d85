#pragma once
// Setup: one bootstrap under way, as its steps see it.
#include <utility>

#include "controllers/app/bootstrap/workload.h"
#include "pkg/guest/setup/files.h"
#include "pkg/guest/setup/setup.h"

namespace gantry::controllers::app {

using guest::argv_of;
using guest::Family;
using guest::Guest;
using guest::kFolder;
using guest::last_line;
using guest::Patience;
using guest::Progress;
using guest::Report;
using guest::small_file;
using guest::status_of;
using guest::System;

// Work inside a container towards a workload, which outlives it.
class Setup : public guest::Setup {
 public:
  Setup(Guest guest, const ResolvedWorkload& workload, Report report)
      : guest::Setup(guest, workload.secrets, std::move(report)), workload_(workload) {}
  const ResolvedWorkload& workload() const { return workload_; }

 private:
  const ResolvedWorkload& workload_;
};

// Hints, confirmed by probes, but for commands without `unless`: there the marker is the probe.
inline constexpr const char* kRevisionFile = "/var/lib/gantry/revision";
// Files have changed since what reads them was started.
inline constexpr const char* kRestartFile = "/var/lib/gantry/restart-needed";

}  // namespace gantry::controllers::app
