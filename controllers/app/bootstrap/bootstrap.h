#pragma once
// Bootstrap: brings a container's inside to a workload, step by step, each with a probe that asks
// the container itself. It may be stopped anywhere and run again; what is done is not done twice.
#include <string>
#include <vector>

#include "controllers/app/bootstrap/setup.h"

namespace gantry::controllers::app {

// The names of a workload's steps, in order.
std::vector<std::string> step_names(const ResolvedWorkload& workload);

// Takes them all. `report` is told where it stands. Errors name the step; Locked ("still booting"),
// Transport and Timeout are worth another try, Invalid needs a person, Remote says what the
// container answered, with a code of the failure catalogue where that proves a cause.
Async<Status> bootstrap(Guest guest, ResolvedWorkload workload, Report report);

// Whether what runs inside runs, by the container's own word: the unit is active, every service of
// the project is well. OK, or why not. No more than three commands.
Async<Status> look_inside(Guest guest, ResolvedWorkload workload);

// What a compose project's containers were made of, by digest; nothing of a service.
Async<Result<std::vector<UsedImage>>> images_inside(Guest guest, ResolvedWorkload workload);

// The revision that the last complete bootstrap left in the container; empty when there was none.
Async<Result<std::string>> recorded_revision(Guest guest);

}  // namespace gantry::controllers::app
