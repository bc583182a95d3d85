#pragma once
// A Client that calls a Handler in the same process: for the tests of other packages.
#include <memory>

#include "pkg/async/clock.h"
#include "pkg/http/http.h"

namespace gantry::http::memory {

// Behaves like a server on the wire as far as a Handler can tell: an answer without a reason gets
// the standard phrase, a streamed answer's chunks become the body (send) or arrive one by one
// (stream). Timeout and cancellation mark requests that change something as sent. `clock` and
// `handler` must outlive the client.
std::unique_ptr<StreamingClient> make_client(async::Clock& clock, Handler& handler, Peer peer);
std::unique_ptr<StreamingClient> make_client(async::Clock& clock, Handler& handler);

}  // namespace gantry::http::memory
