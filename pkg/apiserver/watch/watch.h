#pragma once
// Watch streams.
#include <optional>

#include "api/meta/kind.h"
#include "pkg/apiserver/present/accept.h"
#include "pkg/apiserver/query/filter.h"
#include "pkg/async/clock.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// Answers a watch: either an error response before anything was streamed, or nullopt after the
// stream has ended (timeoutSeconds, client gone, shutdown). Kubernetes' forms of resourceVersion:
// absent or "0": the current state as ADDED, then changes; N: changes after N; sendInitialEvents
// with allowWatchBookmarks: ADDED, then the annotated BOOKMARK. What ends the stream early is told
// as an ERROR event inside a 200 stream: an expired revision with code 410, all else with its own.
Async<std::optional<http::Response>> serve_watch(store::Store& store, const api::meta::Kind& kind,
                                                 const RequestInfo& info, Accepted accepted,
                                                 async::Clock& clock, http::ResponseStream& stream);

}  // namespace gantry::apiserver
