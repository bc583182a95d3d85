#pragma once
// Bootstrap: brings a container's inside to a workload, step by step, each with a probe that asks
// the container itself. It may be stopped anywhere and run again; what is done is not done twice.
#include <functional>
#include <string>

#include "controllers/app/guest.h"
#include "controllers/app/workload.h"

namespace gantry::controllers::app {

// Told before each step: its name and what it is about ("packages", "installing nginx-light").
using StepReport = std::function<void(const std::string& step, const std::string& message)>;

// Steps: system → packages → files → commands → unit → record. Errors name the step; Transport,
// Timeout and "still booting" are worth another try, Remote says what the container answered.
Async<Status> bootstrap(Guest guest, ResolvedWorkload workload, StepReport report);

// The revision that the last complete bootstrap left in the container; empty when there was none.
Async<Result<std::string>> recorded_revision(Guest guest);

}  // namespace gantry::controllers::app
