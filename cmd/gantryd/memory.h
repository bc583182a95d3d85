#pragma once
// What the daemon does so that memory it no longer needs is the machine's again.
#include "pkg/async/clock.h"

namespace gantry::daemon {

// Few arenas: the threads of pools allocate little, and an arena each would keep what one freed.
// Call before the first thread.
void limit_arenas();

// Every few seconds gives back what was freed, when it is much: after a storm of large lists the
// heap is full of holes that malloc would keep. Until cancelled.
Async<Status> give_memory_back(async::Clock& clock);

}  // namespace gantry::daemon
