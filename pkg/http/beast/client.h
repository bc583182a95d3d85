#pragma once
// The HTTP client over real sockets.
#include <memory>

#include "pkg/async/clock.h"
#include "pkg/http/http.h"

namespace gantry::http::beast {

struct ClientOptions {
  size_t connections_max = 8;  // in use at a time; further requests wait in order of arrival
  Duration idle_max = std::chrono::seconds(60);  // a connection idle for longer is not used again
  Duration connect_timeout = std::chrono::seconds(10);  // for each address of the host
  uint64_t body_max = uint64_t{64} * 1024 * 1024;       // a larger answer is a Schema error
};

// A client of one endpoint. HTTP/1.1 over TLS ≥ 1.2, connections kept alive and shared.
//
// Errors beside those of http::Client: TLS messages begin with UnknownCA, Expired, NameMismatch,
// PinMismatch (which shows both fingerprints) or BadCertificate; Schema when the answer is no
// HTTP or too large; Invalid when `trust` or a request cannot be used at all.
// A read-only request that finds its kept-alive connection dead before any byte of an answer is
// sent once more on a fresh one. Requests that change something go over a kept-alive connection
// only within a second of its last use, as a dead one would leave their effect unknown; when they
// fail after they may have been sent, the error is marked (may_have_been_sent).
// `clock` must outlive the client, and the client its requests. Must be used on `executor` only.
std::unique_ptr<StreamingClient> make_client(Executor executor, async::Clock& clock,
                                             Endpoint endpoint, TlsTrust trust,
                                             ClientOptions options);

}  // namespace gantry::http::beast
