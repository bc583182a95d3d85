#pragma once
// pods/log: what a container's App, or the container itself, has written.
#include "pkg/apiserver/pods/exec.h"
#include "pkg/async/clock.h"

namespace gantry::apiserver {

// Streams text/plain as it comes. 404: no such Pod; 400: a parameter or container that is wrong;
// 502: the command failed before it said anything.
Async<std::optional<http::Response>> serve_log(PodService& service, const async::Clock& clock,
                                               const RequestInfo& info,
                                               http::ResponseStream& stream);

}  // namespace gantry::apiserver
