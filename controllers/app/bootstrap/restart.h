#pragma once
// A restart that somebody has asked for (spec.restartedAt): once a request, whoever dies meanwhile.
//
// What runs when a request is first seen is noted in the container; the request is open as long as
// any of that still runs. So a daemon that dies between the restart and its note finds that it has
// been carried out.
#include <string>
#include <vector>

#include "controllers/app/bootstrap/setup.h"

namespace gantry::controllers::app {

// Whether a request is open. `running` names each thing that runs by an id that it loses when it is
// started anew. Nothing is to be restarted where this is the first workload.
Async<Result<bool>> is_restart_asked(Setup& setup, std::vector<std::string> running);
// For those whose ids stay the same: the request has been carried out.
Async<Status> note_restart_given(Setup& setup);

}  // namespace gantry::controllers::app
