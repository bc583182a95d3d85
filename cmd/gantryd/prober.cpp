#include "cmd/gantryd/prober.h"

#include "pkg/http/beast/client.h"
#include "pkg/http/beast/reach.h"

namespace gantry::daemon {

Async<Status> DaemonProber::http(std::string address, int port, std::string path,
                                 Duration timeout) {
  http::Endpoint endpoint;
  endpoint.host = address;
  endpoint.port = static_cast<uint16_t>(port);
  endpoint.tls = false;
  http::beast::ClientOptions options;
  options.connections_max = 1;
  options.connect_timeout = timeout;
  options.body_max = 1 << 20;
  const auto client =
      http::beast::make_client(executor_, clock_, endpoint, http::TlsTrust(), options);
  http::Request request;
  request.target = std::move(path);
  request.headers["User-Agent"] = "gantryd-probe";
  request.headers["Connection"] = "close";
  const auto response = co_await client->send(std::move(request), timeout);
  if (!response.ok()) co_return response.status();
  if (response->status >= 200 && response->status < 400) co_return Status();
  co_return error(ErrorClass::remote, "HTTP status %d", response->status);
}

Async<Status> DaemonProber::tcp(std::string address, int port, Duration timeout) {
  return http::beast::reach(executor_, clock_, std::move(address), static_cast<uint16_t>(port),
                            timeout);
}

}  // namespace gantry::daemon
