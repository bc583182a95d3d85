#pragma once
// Opening a connection: resolve, connect, handshake.
#include "pkg/http/beast/connection.h"

namespace gantry::http::beast {

// Tries the host's addresses in order, each for at most `limit`. `tls` null: plain. Errors:
// Transport (also when the time is up: nothing was sent), TLS, Cancelled. Sockets run on
// `executor`.
Async<Result<std::unique_ptr<Connection>>> dial(Executor executor, async::Clock& clock,
                                                Endpoint endpoint, std::shared_ptr<ClientTls> tls,
                                                Duration limit);

}  // namespace gantry::http::beast
