#pragma once
// reach: is somebody listening there?
#include "pkg/async/clock.h"
#include "pkg/http/http.h"

namespace gantry::http::beast {

// Opens a TCP connection and closes it. Errors: Transport (refused, no route, no answer within
// `limit`), Cancelled.
Async<Status> reach(Executor executor, async::Clock& clock, std::string host, uint16_t port,
                    Duration limit);

}  // namespace gantry::http::beast
