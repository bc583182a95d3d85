#include "pkg/http/beast/server.h"

#include "pkg/http/beast/test_world.h"

namespace gantry::http::beast {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Async<std::optional<Response>> nothing() {
  co_return std::nullopt;
}

// All that the echo server says to these bytes.
std::string told(std::string bytes, ServerLimits limits = {}) {
  World world;
  auto handler = echo_handler();
  std::string answer;
  ServerOptions options;
  options.limits = limits;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto got = co_await ask_raw(world, server.port(), bytes);
    GANTRY_CO_TRY(got.status());
    answer = *got;
    co_return Status();
  });
  return answer;
}

TEST(Server, AnswersAndKeepsTheConnection) {
  const auto answer = told(
      "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: keep-alive\r\n\r\nGET /a?x=1 HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, EndsWith("Connection: close\r\n\r\nPOST /b abc"));
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  std::string bytes;
  for (int i = 0; i < 50; ++i)
    bytes += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  bytes += "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  const auto answer = told(bytes);
  size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = answer.find("GET /" + std::to_string(i) + " ", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_THAT(answer, EndsWith("GET /last "));
}

TEST(Server, LeavesTheBodyOutOfAnswersToHead) {
  const auto answer = told("HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, AllOf(HasSubstr("Content-Length: 8\r\n"), EndsWith("\r\n\r\n")));
}

TEST(Server, ClosesAfterAnOldClientsRequest) {
  EXPECT_THAT(told("GET / HTTP/1.0\r\n\r\n"),
              AllOf(HasSubstr("Connection: close\r\n"), EndsWith("GET / ")));
}

TEST(Server, LetsTheHandlerSayWhatIsNoRequest) {
  class Wording final : public Handler {
   public:
    Async<std::optional<Response>> handle(Request, Peer, ResponseStream&) override {
      co_return std::nullopt;
    }
    Response refuse(int status, std::string message, const Peer& peer) override {
      Response response;
      response.status = status;
      response.body = peer.address + ": " + message;
      return response;
    }
  };
  World world;
  Wording handler;
  std::string answer;
  with_server(world, ServerOptions(), handler, [&](Server& server) -> Async<Status> {
    auto got = co_await ask_raw(world, server.port(), "nonsense\r\n\r\n");
    GANTRY_CO_TRY(got.status());
    answer = *got;
    co_return Status();
  });
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("\r\n\r\n127.0.0.1: ")));
}

TEST(Server, RefusesWhatIsNoHttp) {
  EXPECT_THAT(told("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(told("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(told("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(told("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 505 "));
  EXPECT_THAT(told("GET / HTTX\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST(Server, RefusesEveryAmbiguousLength) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const auto* fields : {"Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: -1\r\n",
                             "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
                             "Content-Length: 99999999999999999999\r\n", "Content-Length : 3\r\n",
                             "Header: a\r\n folded\r\nContent-Length: 0x3\r\n"}) {
    EXPECT_THAT(told(head + fields + "\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"),
                AllOf(StartsWith("HTTP/1.1 4"), Not(HasSubstr("smuggled"))))
        << fields;
  }
}

TEST(Server, BoundsHeadersAndBodies) {
  ServerLimits limits;
  limits.header_bytes = 1024;
  limits.body_bytes = 1000;
  EXPECT_THAT(
      told("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", limits),
      StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(told("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", limits),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(told("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                       std::string(1001, 'x') + "\r\n0\r\n\r\n",
                   limits),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(
      told("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" +
               std::string(1000, 'x'),
           limits),
      StartsWith("HTTP/1.1 200 "));
}

TEST(Server, ReadsChunkedAndLargeBodies) {
  const std::string large(300000, 'x');
  EXPECT_THAT(told("PUT /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
              EndsWith("PUT /b abcde"));
  EXPECT_THAT(
      told("PUT /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n" +
           large),
      EndsWith("PUT /b " + large));
}

TEST(Server, JoinsRepeatedHeaders) {
  World world;
  std::string seen;
  FunctionHandler handler([&](Request request, Peer peer, ResponseStream&) {
    seen = request.headers["accept"] + "|" + peer.address + "|" + peer.certificate_common_name;
    return nothing();
  });
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    std::string bytes =
        "GET / HTTP/1.1\r\nHost: h\r\nAccept: a\r\nConnection: close\r\naccept: b\r\n\r\n";
    auto got = co_await ask_raw(world, server.port(), bytes);
    co_return got.status();
  });
  EXPECT_EQ(seen, "a, b|127.0.0.1|");
}

TEST(Server, AsksForTheBodyWhenTheClientWaitsForThat) {
  World world;
  auto handler = echo_handler();
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    auto peer = co_await dial_plain(world, server.port());
    GANTRY_CO_TRY(peer.status());
    std::string head =
        "POST /c HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
        "Connection: close\r\n\r\n";
    GANTRY_CO_TRY(co_await (*peer)->write(std::move(head)));
    auto interim = co_await read_head(**peer);
    EXPECT_EQ(*interim, "HTTP/1.1 100 Continue\r\n\r\n");
    std::string body = "hi";
    GANTRY_CO_TRY(co_await (*peer)->write(std::move(body)));
    const auto answer = co_await read_to_end(**peer);
    EXPECT_THAT(answer, EndsWith("POST /c hi"));
    co_return Status();
  });
}

TEST(Server, Says408ToASlowHeadAndClosesIdleConnectionsSilently) {
  ServerLimits limits;
  limits.header_timeout = 60ms;
  limits.idle_timeout = 120ms;
  EXPECT_THAT(told("GET / HTTP/1.1\r\nHos", limits), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(told("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na", limits),
              StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(told("", limits), "");
  EXPECT_THAT(told("GET / HTTP/1.1\r\nHost: h\r\n\r\n", limits), EndsWith("GET / "));
}

TEST(Server, DoesNotLetASlowHeadMoveItsDeadline) {
  World world;
  auto handler = echo_handler();
  ServerOptions options;
  options.limits.header_timeout = 50ms;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto peer = co_await dial_plain(world, server.port());
    GANTRY_CO_TRY(peer.status());
    const auto start = world.clock.now();
    std::string head = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 1000; ++i) {
      const Status written = co_await (*peer)->write(head);
      if (!written.ok()) break;
      head = "X: y\r\n";
      const bool closed = !(*peer)->is_quiet();
      if (closed) break;
      GANTRY_CO_TRY(co_await world.clock.sleep_for(5ms));
    }
    EXPECT_LT(world.clock.now() - start, 3s);
    const auto answer = co_await read_to_end(**peer);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
    co_return Status();
  });
}

TEST(Server, SaysSoWhenAHandlerFails) {
  World world;
  FunctionHandler handler(
      [](Request request, Peer, ResponseStream& stream) -> Async<std::optional<Response>> {
        if (request.target == "/throw") throw std::runtime_error("boom");
        if (request.target == "/torn") {
          Response head;
          (void)co_await stream.start(std::move(head));
          throw std::runtime_error("boom");
        }
        if (request.target == "/bad") {
          auto bad = text_response("x");
          bad.headers["X"] = "a\r\nb";
          co_return bad;
        }
        co_return std::nullopt;
      });
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    const std::vector<std::string> targets{"/throw", "/nothing", "/bad"};
    auto client = world.client(server.port());
    for (const auto& target : targets) {
      const auto response = co_await client->send(get(target), 5s);
      GANTRY_CO_TRY(response.status());
      EXPECT_EQ(response->status, 500) << target;
    }
    const auto torn = co_await client->send(get("/torn"), 5s);
    EXPECT_THAT(torn, Fails(ErrorClass::transport));
    co_return Status();
  });
}

TEST(Server, ServesManyConnectionsButNoMoreThanItsBound) {
  World world;
  int busy = 0;
  int busy_max = 0;
  FunctionHandler handler([&](Request, Peer, ResponseStream&) -> Async<std::optional<Response>> {
    busy_max = std::max(busy_max, ++busy);
    (void)co_await world.clock.sleep_for(2ms);
    --busy;
    auto response = text_response("ok");
    response.headers["Connection"] = "close";
    co_return response;
  });
  ServerOptions options;
  options.limits.connections_max = 3;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    ClientOptions many;
    many.connections_max = 20;
    auto client = world.client(server.port(), many);
    async::Group group(world.loop.executor());
    for (int i = 0; i < 20; ++i) {
      group.spawn("asker", [&]() -> Async<Status> {
        const auto response = co_await client->send(get("/"), 10s);
        co_return response.status();
      });
    }
    co_return co_await group.join();
  });
  EXPECT_EQ(busy_max, 3);
}

TEST(Server, SaysWhyItCannotListen) {
  World world;
  auto handler = echo_handler();
  ServerOptions options;
  options.address = "localhost";
  EXPECT_THAT(Server::make(world.loop.executor(), world.clock, options, handler),
              Fails(ErrorClass::invalid, HasSubstr("no IP address")));
  options.address = "127.0.0.1";
  auto first = Server::make(world.loop.executor(), world.clock, options, handler);
  ASSERT_THAT(first, IsOk());
  options.port = (*first)->port();
  EXPECT_THAT(Server::make(world.loop.executor(), world.clock, options, handler),
              Fails(ErrorClass::transport, HasSubstr("in use")));
}

TEST(ServerStop, LetsARequestUnderWayFinish) {
  World world;
  async::Event entered;
  FunctionHandler handler([&](Request, Peer, ResponseStream&) -> Async<std::optional<Response>> {
    entered.set();
    (void)co_await world.clock.sleep_for(30ms);
    co_return text_response("done");
  });
  Result<Response> response = Response{};
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    auto client = world.client(server.port());
    async::Group group(world.loop.executor());
    group.spawn("asker", [&]() -> Async<Status> {
      response = co_await client->send(get("/"), 5s);
      co_return Status();
    });
    (void)co_await entered.wait();
    server.stop();
    (void)co_await group.join();
    const auto refused = co_await client->send(get("/"), 5s);
    EXPECT_THAT(refused, Fails(ErrorClass::transport));
    co_return Status();
  });
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->body, "done");
  EXPECT_EQ(response->headers["Connection"], "close");
}

TEST(ServerStop, CutsWhatOutlastsTheDrainTime) {
  World world;
  async::Event entered;
  bool cancelled = false;
  FunctionHandler handler([&](Request, Peer, ResponseStream&) -> Async<std::optional<Response>> {
    entered.set();
    const Status slept = co_await world.clock.sleep_for(1h);
    cancelled = !slept.ok();
    co_return text_response("done");
  });
  ServerOptions options;
  options.limits.drain = 30ms;
  Status status;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto client = world.client(server.port());
    async::Group group(world.loop.executor());
    group.spawn("asker", [&]() -> Async<Status> {
      const auto response = co_await client->send(get("/"), 5s);
      status = response.status();
      co_return Status();
    });
    (void)co_await entered.wait();
    server.stop();
    co_return co_await group.join();
  });
  EXPECT_TRUE(cancelled);
  EXPECT_THAT(status, Fails(ErrorClass::transport));
}

TEST(ServerStop, EndsAnOpenStreamAtOnceAndProperly) {
  World world;
  FunctionHandler handler(
      [&](Request, Peer, ResponseStream& stream) -> Async<std::optional<Response>> {
        (void)co_await stream.start(Response());
        (void)co_await stream.write("event");
        (void)co_await world.clock.sleep_for(1h);
        co_return std::nullopt;
      });
  const auto start = world.clock.now();
  std::string told;
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    auto peer = co_await dial_plain(world, server.port());
    GANTRY_CO_TRY(peer.status());
    std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    GANTRY_CO_TRY(co_await (*peer)->write(std::move(request)));
    GANTRY_CO_TRY(co_await world.clock.sleep_for(30ms));
    server.stop();
    auto all = co_await read_to_end(**peer);
    told = std::move(all);
    (*peer)->close();
    co_return Status();
  });
  EXPECT_THAT(told, EndsWith("5\r\nevent\r\n0\r\n\r\n"));
  EXPECT_LT(world.clock.now() - start, 5s);  // the drain time is 10 s
}

TEST(ServerStop, ClosesIdleConnectionsAtOnce) {
  World world;
  auto handler = echo_handler();
  const auto start = world.clock.now();
  std::unique_ptr<Connection> idle;
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    auto peer = co_await dial_plain(world, server.port());
    GANTRY_CO_TRY(peer.status());
    idle = *std::move(peer);
    GANTRY_CO_TRY(co_await world.clock.sleep_for(10ms));
    server.stop();
    const auto end = co_await read_to_end(*idle);
    EXPECT_EQ(end, "");
    idle->close();
    co_return Status();
  });
  EXPECT_LT(world.clock.now() - start, 5s);  // the drain time is 10 s
}

}  // namespace
}  // namespace gantry::http::beast
