#include "pkg/http/beast/dial.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "pkg/async/deadline.h"

namespace gantry::http::beast {
namespace {

using ErrorCode = boost::system::error_code;
using asio::ip::tcp;

struct Lookup {
  explicit Lookup(const Executor& executor) : resolver(executor) {}
  tcp::resolver resolver;
  async::Waiters waiters;
  ErrorCode code;
  std::vector<tcp::endpoint> found;
};

// A look-up cannot be interrupted (getaddrinfo on Asio's own thread): a cancelled caller leaves it
// behind, and it keeps itself alive until it ends.
Async<Result<std::vector<tcp::endpoint>>> resolve(Executor executor, Endpoint endpoint) {
  ErrorCode no_address;
  const auto address = asio::ip::make_address(endpoint.host, no_address);
  if (!no_address) {
    std::vector<tcp::endpoint> one;
    one.emplace_back(address, endpoint.port);
    co_return one;
  }
  auto lookup = std::make_shared<Lookup>(executor);
  lookup->resolver.async_resolve(
      endpoint.host, std::to_string(endpoint.port),
      [lookup](const ErrorCode& code, const tcp::resolver::results_type& results) {
        lookup->code = code;
        for (const auto& result : results) lookup->found.push_back(result.endpoint());
        lookup->waiters.wake_all();
      });
  GANTRY_CO_TRY(co_await lookup->waiters.park());
  if (lookup->code) co_return socket_error("resolve " + endpoint.host, lookup->code);
  co_return std::move(lookup->found);
}

Async<Result<std::unique_ptr<Connection>>> connect(Executor executor, tcp::endpoint address,
                                                   Endpoint endpoint,
                                                   std::shared_ptr<ClientTls> tls) {
  const bool stopping = co_await async::is_cancelled();
  if (stopping) co_return async::cancelled();
  Socket socket(executor);
  ErrorCode code;
  co_await socket.async_connect(address, asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return socket_error("connect", code);
  if (!tls) co_return make_plain_connection(std::move(socket));
  auto connection = make_client_connection(std::move(socket), std::move(tls), endpoint.host);
  if (!connection.ok()) co_return connection.status();
  GANTRY_CO_TRY(co_await (*connection)->handshake());
  co_return std::move(connection);
}

}  // namespace

Async<Result<std::unique_ptr<Connection>>> dial(Executor executor, async::Clock& clock,
                                                Endpoint endpoint, std::shared_ptr<ClientTls> tls,
                                                Duration limit) {
  const auto where = to_string(endpoint);
  auto lookup = resolve(executor, endpoint);
  auto addresses = co_await async::with_deadline(clock, limit, "resolve", std::move(lookup));
  if (!addresses.ok()) co_return annotate(addresses.status(), where);
  Status last = make_error(ErrorClass::transport, "the name has no address");
  for (const auto& address : *addresses) {
    auto attempt = connect(executor, address, endpoint, tls);
    auto connection = co_await async::with_deadline(clock, limit, "connect", std::move(attempt));
    if (connection.ok()) co_return connection;
    last = connection.status();
    const auto kind = error_class(last);
    if (kind == ErrorClass::timeout) last = make_error(ErrorClass::transport, message_of(last));
    if (kind != ErrorClass::timeout && kind != ErrorClass::transport) break;
  }
  co_return annotate(last, where);
}

}  // namespace gantry::http::beast
