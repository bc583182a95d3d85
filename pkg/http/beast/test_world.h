#pragma once
// What the tests of this folder share: a loop on real time, a server running beside a scenario,
// and peers that speak raw bytes. Everything is on 127.0.0.1 with ports from the kernel.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/async/deadline.h"
#include "pkg/async/event.h"
#include "pkg/async/loop.h"
#include "pkg/async/real_clock.h"
#include "pkg/base/testing.h"
#include "pkg/http/beast/client.h"
#include "pkg/http/beast/dial.h"
#include "pkg/http/beast/server.h"

namespace gantry::http::beast {

using namespace std::chrono_literals;
using ::gantry::testing::Fails;
using ::gantry::testing::IsOk;

struct World {
  async::Loop loop;
  async::RealClock clock;

  std::unique_ptr<StreamingClient> client(uint16_t port, ClientOptions options = {}) {
    Endpoint endpoint{"127.0.0.1", port, false};
    return make_client(loop.executor(), clock, endpoint, TlsTrust{}, options);
  }
};

// A Handler from a function.
class FunctionHandler final : public Handler {
 public:
  using Function =
      std::function<Async<std::optional<Response>>(Request, Peer, ResponseStream& stream)>;
  explicit FunctionHandler(Function function) : function_(std::move(function)) {}
  Async<std::optional<Response>> handle(Request request, Peer peer,
                                        ResponseStream& stream) override {
    return function_(std::move(request), std::move(peer), stream);
  }

 private:
  Function function_;
};

inline Response text_response(std::string body, int status = 200) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

inline Request get(std::string target) {
  Request request;
  request.target = std::move(target);
  return request;
}

inline Request post(std::string target, std::string body) {
  Request request;
  request.method = "POST";
  request.target = std::move(target);
  request.body = std::move(body);
  return request;
}

// Answers "METHOD target body".
inline FunctionHandler echo_handler() {
  return FunctionHandler(
      [](Request request, Peer, ResponseStream&) -> Async<std::optional<Response>> {
        co_return text_response(request.method + " " + request.target + " " + request.body);
      });
}

inline Async<Status> beside(World& world, std::function<Async<Status>()> service,
                            std::function<Async<Status>()> scenario, std::function<void()> stop) {
  async::Group group(world.loop.executor());
  group.spawn("service", std::move(service));
  auto limited = scenario();
  const Status status =
      co_await async::with_deadline(world.clock, 20s, "the scenario", std::move(limited));
  stop();
  const Status served = co_await group.join();
  co_return status.ok() ? served : status;
}

// Runs `scenario` beside the server, then stops the server and waits for it.
inline void with_server(World& world, ServerOptions options, Handler& handler,
                        const std::function<Async<Status>(Server&)>& scenario) {
  auto server = Server::make(world.loop.executor(), world.clock, std::move(options), handler);
  ASSERT_THAT(server, IsOk());
  auto& running = **server;
  EXPECT_THAT(world.loop.block_on(beside(
                  world, [&] { return running.run(); }, [&] { return scenario(running); },
                  [&] { running.stop(); })),
              IsOk());
}

// A server that says what a script says: script(connection, which one from 0).
class ScriptedServer {
 public:
  using Script = std::function<Async<Status>(Connection& connection, int index)>;
  ScriptedServer(World& world, Script script);

  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  int accepted() const { return accepted_; }
  // Runs `scenario` beside it.
  void run(std::function<Async<Status>()> scenario);

 private:
  Async<Status> accept();
  Async<Status> serve(std::shared_ptr<Connection> connection, int index);

  World& world_;
  Script script_;
  asio::ip::tcp::acceptor acceptor_;
  async::Group group_;
  int accepted_ = 0;
};

// Reads until what has come ends with a blank line (a head without a body).
Async<Result<std::string>> read_head(Connection& connection);
// Reads until `buffer` holds `text`.
Async<Status> read_until(Connection& connection, std::string& buffer, std::string text);
// Everything until the peer ends.
Async<std::string> read_to_end(Connection& connection);
// A plain connection that speaks raw bytes.
Async<Result<std::unique_ptr<Connection>>> dial_plain(World& world, uint16_t port);
// Sends `bytes` on a fresh connection and returns all that comes back until the server closes.
Async<Result<std::string>> ask_raw(World& world, uint16_t port, std::string bytes);

}  // namespace gantry::http::beast
