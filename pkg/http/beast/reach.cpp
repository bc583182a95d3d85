#include "pkg/http/beast/reach.h"

#include "pkg/http/beast/dial.h"

namespace gantry::http::beast {

Async<Status> reach(Executor executor, async::Clock& clock, std::string host, uint16_t port,
                    Duration limit) {
  Endpoint endpoint;
  endpoint.host = std::move(host);
  endpoint.port = port;
  endpoint.tls = false;
  auto connection = co_await dial(std::move(executor), clock, std::move(endpoint), nullptr, limit);
  co_return connection.status();
}

}  // namespace gantry::http::beast
