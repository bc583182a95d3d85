// The bodies of test_world.h (in a test file, so that no library carries them).
#include "pkg/http/beast/test_world.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace gantry::http::beast {

using asio::ip::tcp;

ScriptedServer::ScriptedServer(World& world, Script script)
    : world_(world),
      script_(std::move(script)),
      acceptor_(world.loop.executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      group_(world.loop.executor()) {}

void ScriptedServer::run(std::function<Async<Status>()> scenario) {
  group_.spawn("accept", [this] { return accept(); });
  EXPECT_THAT(world_.loop.block_on(beside(
                  world_, [this] { return group_.join(); }, std::move(scenario),
                  [this] { group_.cancel(); })),
              IsOk());
}

Async<Status> ScriptedServer::accept() {
  while (true) {
    tcp::socket socket(world_.loop.executor());
    boost::system::error_code code;
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, code));
    if (code) co_return async::cancelled();
    std::shared_ptr<Connection> connection = make_plain_connection(std::move(socket));
    group_.spawn("script",
                 [this, connection, index = accepted_++] { return serve(connection, index); });
  }
}

Async<Status> ScriptedServer::serve(std::shared_ptr<Connection> connection, int index) {
  (void)co_await script_(*connection, index);
  connection->close();
  co_return Status();
}

Async<Status> read_until(Connection& connection, std::string& buffer, std::string text) {
  while (buffer.find(text) == std::string::npos) {
    const auto count = co_await connection.read(buffer);
    if (!count.ok()) co_return count.status();
    if (*count == 0) co_return make_error(ErrorClass::transport, "ended");
  }
  co_return Status();
}

Async<Result<std::string>> read_head(Connection& connection) {
  std::string buffer;
  GANTRY_CO_TRY(co_await read_until(connection, buffer, "\r\n\r\n"));
  co_return buffer;
}

Async<std::string> read_to_end(Connection& connection) {
  std::string buffer;
  while (true) {
    const auto count = co_await connection.read(buffer);
    if (!count.ok() || *count == 0) co_return buffer;
  }
}

Async<Result<std::unique_ptr<Connection>>> dial_plain(World& world, uint16_t port) {
  Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = port;
  co_return co_await dial(world.loop.executor(), world.clock, std::move(endpoint), nullptr, 5s);
}

Async<Result<std::string>> ask_raw(World& world, uint16_t port, std::string bytes) {
  auto connection = co_await dial_plain(world, port);
  if (!connection.ok()) co_return connection.status();
  GANTRY_CO_TRY(co_await (*connection)->write(std::move(bytes)));
  auto answer = co_await read_to_end(**connection);
  co_return answer;
}

}  // namespace gantry::http::beast
