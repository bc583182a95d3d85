#include "pkg/http/beast/client.h"

#include "pkg/http/beast/test_world.h"

namespace gantry::http::beast {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Reads requests without bodies and answers each with `answer`.
Async<Status> answer_all(Connection& connection, std::string answer) {
  while (true) {
    auto head = co_await read_head(connection);
    if (!head.ok()) co_return head.status();
    GANTRY_CO_TRY(co_await connection.write(answer));
  }
}

Async<Status> answer_once(Connection& connection, std::string answer) {
  auto head = co_await read_head(connection);
  if (!head.ok()) co_return head.status();
  co_return co_await connection.write(std::move(answer));
}

// What one GET makes of an answer.
Result<Response> response_to(const std::string& answer, ClientOptions options = {},
                             std::string method = "GET") {
  World world;
  Result<Response> response = Response{};
  ScriptedServer server(
      world, [&](Connection& connection, int) { return answer_once(connection, answer); });
  auto client = world.client(server.port(), options);
  server.run([&]() -> Async<Status> {
    Request request;
    request.method = method;
    response = co_await client->send(std::move(request), 5s);
    co_return Status();
  });
  return response;
}

TEST(Client, ReadsStatusReasonHeadersAndBody) {
  const auto response = response_to(
      "HTTP/1.1 500 unable to find configuration file for CT 104\r\n"
      "Set-Cookie: a\r\nset-cookie: b\r\nContent-Length: 4\r\n\r\nnull");
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(response->reason, "unable to find configuration file for CT 104");
  EXPECT_EQ(response->headers.at("Set-Cookie"), "b");
  EXPECT_EQ(response->body, "null");
}

TEST(Client, ReadsEveryKindOfBody) {
  EXPECT_EQ(response_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n")
                ->body,
            "abcde");
  EXPECT_EQ(response_to("HTTP/1.0 200 OK\r\n\r\nto the end")->body, "to the end");
  EXPECT_EQ(response_to("HTTP/1.1 204 No Content\r\n\r\n")->status, 204);
  EXPECT_EQ(response_to("HTTP/1.1 401 No ticket\r\nContent-Length: 0\r\n\r\n")->reason,
            "No ticket");
  EXPECT_EQ(response_to("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", {}, "HEAD")->body, "");
  EXPECT_EQ(response_to("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" +
                        std::string(kOk))
                ->body,
            "ok");
}

TEST(Client, SaysSchemaWhenTheAnswerIsNoHttp) {
  EXPECT_THAT(response_to("SSH-2.0-OpenSSH_9.2p1\r\n\r\n"),
              Fails(ErrorClass::schema, HasSubstr("the answer")));
  EXPECT_THAT(response_to("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
              Fails(ErrorClass::schema));
  EXPECT_THAT(response_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
              Fails(ErrorClass::schema));
}

TEST(Client, SaysTransportWhenTheAnswerIsCutShort) {
  EXPECT_THAT(response_to("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
              Fails(ErrorClass::transport, HasSubstr("hung up")));
  EXPECT_THAT(response_to("HTTP/1.1 200"), Fails(ErrorClass::transport));
}

TEST(Client, RefusesAnAnswerThatIsTooLarge) {
  ClientOptions options;
  options.body_max = 4;
  EXPECT_THAT(response_to("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", options),
              Fails(ErrorClass::schema, HasSubstr("too large")));
}

TEST(Client, RefusesRequestsThatWouldBreakTheFraming) {
  World world;
  auto client = world.client(1);
  auto smuggling = get("/");
  smuggling.headers["X"] = "a\r\nY: b";
  auto blank = get("/a b");
  auto relative = get("a");
  EXPECT_THAT(world.loop.block_on(client->send(smuggling, 1s)), Fails(ErrorClass::invalid));
  EXPECT_THAT(world.loop.block_on(client->send(blank, 1s)), Fails(ErrorClass::invalid));
  EXPECT_THAT(world.loop.block_on(client->send(relative, 1s)), Fails(ErrorClass::invalid));
}

TEST(Client, SendsHostLengthAndBody) {
  World world;
  std::string seen;
  ScriptedServer server(world, [&](Connection& connection, int) -> Async<Status> {
    GANTRY_CO_TRY(co_await read_until(connection, seen, "a=1"));
    std::string answer = kOk;
    co_return co_await connection.write(std::move(answer));
  });
  auto client = world.client(server.port());
  server.run([&]() -> Async<Status> {
    auto request = post("/nodes/pve1/lxc", "a=1");
    request.headers["Content-Length"] = "999";
    const auto response = co_await client->send(std::move(request), 5s);
    co_return response.status();
  });
  EXPECT_THAT(seen, AllOf(HasSubstr("POST /nodes/pve1/lxc HTTP/1.1\r\n"),
                          HasSubstr("Host: 127.0.0.1:" + std::to_string(server.port())),
                          HasSubstr("Content-Length: 3\r\n"), Not(HasSubstr("999"))));
}

TEST(Client, UsesOneConnectionForRequestsInTurn) {
  World world;
  ScriptedServer server(world,
                        [](Connection& connection, int) { return answer_all(connection, kOk); });
  auto client = world.client(server.port());
  server.run([&]() -> Async<Status> {
    for (int i = 0; i < 5; ++i) {
      const auto response = co_await client->send(get("/"), 5s);
      GANTRY_CO_TRY(response.status());
    }
    co_return Status();
  });
  EXPECT_EQ(server.accepted(), 1);
}

TEST(Client, DoesNotUseAConnectionThatHasBeenIdleForTooLong) {
  World world;
  ScriptedServer server(world,
                        [](Connection& connection, int) { return answer_all(connection, kOk); });
  ClientOptions options;
  options.idle_max = 10ms;
  auto client = world.client(server.port(), options);
  server.run([&]() -> Async<Status> {
    for (int i = 0; i < 2; ++i) {
      const auto response = co_await client->send(get("/"), 5s);
      GANTRY_CO_TRY(response.status());
      GANTRY_CO_TRY(co_await world.clock.sleep_for(30ms));
    }
    co_return Status();
  });
  EXPECT_EQ(server.accepted(), 2);
}

TEST(Client, SaysTransportWhenConnectingTakesTooLong) {
  World world;
  ScriptedServer silent(world, [](Connection& connection, int) -> Async<Status> {
    (void)co_await read_to_end(connection);
    co_return Status();
  });
  ClientOptions options;
  options.connect_timeout = 30ms;
  Endpoint endpoint{"127.0.0.1", silent.port(), true};
  auto client = make_client(world.loop.executor(), world.clock, endpoint, TlsTrust{}, options);
  Status status;
  silent.run([&]() -> Async<Status> {
    const auto response = co_await client->send(post("/", "x"), 10s);
    status = response.status();
    co_return Status();
  });
  EXPECT_THAT(status, Fails(ErrorClass::transport, HasSubstr("connect: no answer within 30ms")));
  EXPECT_FALSE(may_have_been_sent(status));
}

TEST(Client, ClosesWhatTheServerWantsClosed) {
  World world;
  ScriptedServer server(world, [](Connection& connection, int) {
    return answer_all(connection,
                      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  auto client = world.client(server.port());
  server.run([&]() -> Async<Status> {
    for (int i = 0; i < 2; ++i) (void)co_await client->send(get("/"), 5s);
    co_return Status();
  });
  EXPECT_EQ(server.accepted(), 2);
}

TEST(Client, KeepsToItsBoundAndServesWaitersInOrder) {
  World world;
  std::vector<std::string> order;
  int busy = 0;
  int busy_max = 0;
  ScriptedServer server(world, [&](Connection& connection, int) -> Async<Status> {
    while (true) {
      auto head = co_await read_head(connection);
      if (!head.ok()) co_return head.status();
      order.push_back(head->substr(4, 2));
      busy_max = std::max(busy_max, ++busy);
      GANTRY_CO_TRY(co_await world.clock.sleep_for(5ms));
      --busy;
      std::string answer = kOk;
      GANTRY_CO_TRY(co_await connection.write(std::move(answer)));
    }
  });
  ClientOptions options;
  options.connections_max = 2;
  auto client = world.client(server.port(), options);
  server.run([&]() -> Async<Status> {
    async::Group group(world.loop.executor());
    for (int i = 0; i < 8; ++i) {
      group.spawn("asker", [&, i]() -> Async<Status> {
        auto request = get("/" + std::to_string(i));
        const auto response = co_await client->send(std::move(request), 5s);
        co_return response.status();
      });
    }
    co_return co_await group.join();
  });
  EXPECT_EQ(busy_max, 2);
  EXPECT_EQ(server.accepted(), 2);
  ASSERT_EQ(order.size(), 8u);
  EXPECT_THAT(std::vector(order.begin() + 2, order.end()),
              ElementsAre("/2", "/3", "/4", "/5", "/6", "/7"));
}

// The second request on the first connection is met with a hang-up, after it has been read.
Async<Status> hang_up_on_the_second(Connection& connection, int index) {
  GANTRY_CO_TRY(co_await answer_once(connection, kOk));
  if (index > 0) co_return co_await answer_once(connection, kOk);
  (void)co_await read_head(connection);
  co_return Status();
}

TEST(Client, AsksOnceMoreWhenAKeptConnectionWasDead) {
  World world;
  ScriptedServer server(world, hang_up_on_the_second);
  auto client = world.client(server.port());
  server.run([&]() -> Async<Status> {
    for (int i = 0; i < 2; ++i) {
      const auto response = co_await client->send(get("/"), 5s);
      GANTRY_CO_TRY(response.status());
    }
    co_return Status();
  });
  EXPECT_EQ(server.accepted(), 2);
}

TEST(Client, DoesNotRepeatARequestThatChangesSomethingButSaysThatItMayHaveBeenSent) {
  World world;
  ScriptedServer server(world, hang_up_on_the_second);
  auto client = world.client(server.port());
  Status status;
  server.run([&]() -> Async<Status> {
    (void)co_await client->send(get("/"), 5s);
    const auto response = co_await client->send(post("/", ""), 5s);
    status = response.status();
    co_return Status();
  });
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_THAT(status, Fails(ErrorClass::transport));
  EXPECT_TRUE(may_have_been_sent(status));
}

TEST(Client, DoesNotAskTwiceOnFreshConnections) {
  World world;
  ScriptedServer server(world, [](Connection& connection, int) -> Async<Status> {
    (void)co_await read_head(connection);
    co_return Status();
  });
  auto client = world.client(server.port());
  Status status;
  server.run([&]() -> Async<Status> {
    const auto response = co_await client->send(get("/secret?password=x"), 5s);
    status = response.status();
    co_return Status();
  });
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_THAT(status, Fails(ErrorClass::transport,
                            AllOf(HasSubstr("GET /secret"), Not(HasSubstr("password")))));
  EXPECT_FALSE(may_have_been_sent(status));
}

TEST(Client, NoticesThatTheServerHasClosedAKeptConnection) {
  World world;
  ScriptedServer server(world, [](Connection& connection, int) {
    return answer_once(connection, kOk);  // and closes, without having said so
  });
  auto client = world.client(server.port());
  server.run([&]() -> Async<Status> {
    for (int i = 0; i < 3; ++i) {
      auto request = post("/", "x");
      const auto response = co_await client->send(std::move(request), 5s);
      GANTRY_CO_TRY(response.status());
      GANTRY_CO_TRY(co_await world.clock.sleep_for(20ms));
    }
    co_return Status();
  });
  EXPECT_EQ(server.accepted(), 3);
}

TEST(Client, TakesTheAnswerOfAServerThatRefusesABodyEarly) {
  World world;
  ScriptedServer server(world, [](Connection& connection, int) -> Async<Status> {
    auto head = co_await read_head(connection);
    std::string answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
    GANTRY_CO_TRY(co_await connection.write(std::move(answer)));
    (void)co_await read_to_end(connection);
    co_return head.status();
  });
  auto client = world.client(server.port());
  server.run([&]() -> Async<Status> {
    auto request = post("/", std::string(size_t{4} << 20, 'x'));
    const auto response = co_await client->send(std::move(request), 5s);
    EXPECT_THAT(response, IsOk());
    GANTRY_CO_TRY(response.status());
    EXPECT_EQ(response->status, 413);
    co_return Status();
  });
}

TEST(Client, SaysTimeoutAndMarksWhatMayHaveBeenSent) {
  World world;
  ScriptedServer server(world, [](Connection& connection, int) -> Async<Status> {
    (void)co_await read_to_end(connection);
    co_return Status();
  });
  auto client = world.client(server.port());
  Status asked;
  Status posted;
  server.run([&]() -> Async<Status> {
    const auto first = co_await client->send(get("/a"), 200ms);
    asked = first.status();
    auto request = post("/a", "x");
    const auto second = co_await client->send(std::move(request), 200ms);
    posted = second.status();
    co_return Status();
  });
  EXPECT_THAT(asked, Fails(ErrorClass::timeout, "GET /a: the server: no answer within 200ms"));
  EXPECT_FALSE(may_have_been_sent(asked));
  EXPECT_THAT(posted, Fails(ErrorClass::timeout));
  EXPECT_TRUE(may_have_been_sent(posted));
}

TEST(Client, SaysTransportWhenNobodyListens) {
  World world;
  uint16_t port = 0;
  {
    ScriptedServer gone(world, [](Connection&, int) -> Async<Status> { co_return Status(); });
    port = gone.port();
  }
  auto client = world.client(port);
  auto request = post("/", "x");
  const auto response = world.loop.block_on(client->send(request, 5s));
  EXPECT_THAT(response, Fails(ErrorClass::transport, HasSubstr("refused")));
  EXPECT_FALSE(may_have_been_sent(response.status()));
}

TEST(Client, SaysTransportWhenTheNameIsUnknown) {
  World world;
  // A label of 64 characters: refused by the resolver without asking any server.
  Endpoint endpoint{std::string(64, 'x') + ".invalid", 80, false};
  auto client = make_client(world.loop.executor(), world.clock, endpoint, TlsTrust{}, {});
  EXPECT_THAT(world.loop.block_on(client->send(get("/"), 15s)),
              Fails(ErrorClass::transport, HasSubstr("xxx.invalid:80: resolve")));
}

TEST(Client, StopsWhenItsCallerIsCancelledAndFreesItsPlace) {
  World world;
  ScriptedServer server(world, [](Connection& connection, int index) -> Async<Status> {
    if (index == 0) {
      (void)co_await read_to_end(connection);
      co_return Status();
    }
    co_return co_await answer_all(connection, kOk);
  });
  ClientOptions options;
  options.connections_max = 1;
  auto client = world.client(server.port(), options);
  Status status;
  server.run([&]() -> Async<Status> {
    async::Group group(world.loop.executor());
    group.spawn("asker", [&]() -> Async<Status> {
      const auto response = co_await client->send(post("/", "x"), 10s);
      status = response.status();
      co_return Status();
    });
    GANTRY_CO_TRY(co_await world.clock.sleep_for(20ms));
    group.cancel();
    (void)co_await group.join();
    const auto next = co_await client->send(get("/"), 5s);
    co_return next.status();
  });
  EXPECT_THAT(status, Fails(ErrorClass::cancelled));
  EXPECT_TRUE(may_have_been_sent(status));
}

TEST(ClientStream, HandsChunksOverAsTheyArrive) {
  World world;
  std::vector<std::string> chunks;
  bool answered_first = false;
  ScriptedServer server(world, [&](Connection& connection, int) -> Async<Status> {
    std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    GANTRY_CO_TRY(co_await answer_once(connection, std::move(head)));
    const std::vector<std::string> pieces{"3\r\none\r\n", "3\r\ntwo\r\n"};
    for (auto bytes : pieces) {
      GANTRY_CO_TRY(co_await world.clock.sleep_for(10ms));
      answered_first = answered_first || chunks.size() == 1;
      GANTRY_CO_TRY(co_await connection.write(std::move(bytes)));
    }
    GANTRY_CO_TRY(co_await world.clock.sleep_for(10ms));
    std::string end = "0\r\n\r\n";
    co_return co_await connection.write(std::move(end));
  });
  auto client = world.client(server.port());
  int status_seen = 0;
  server.run([&]() -> Async<Status> {
    auto on_head = [&](const Response& head) {
      status_seen = head.status;
      return Status();
    };
    auto on_chunk = [&](std::string_view chunk) {
      chunks.emplace_back(chunk);
      return Status();
    };
    const auto head = co_await client->stream(get("/watch"), on_head, on_chunk);
    GANTRY_CO_TRY(head.status());
    EXPECT_EQ(head->body, "");
    co_return Status();
  });
  EXPECT_EQ(status_seen, 200);
  EXPECT_TRUE(answered_first);
  EXPECT_THAT(chunks, ElementsAre("one", "two"));
}

TEST(Client, GoesOnInAnotherProtocolOverTheSameConnection) {
  World world;
  FunctionHandler handler(
      [](Request request, Peer, ResponseStream& stream) -> Async<std::optional<Response>> {
        if (request.target == "/no") co_return text_response("no", 403);
        Headers headers;
        headers["Upgrade"] = request.headers.at("Upgrade");
        (void)co_await stream.upgrade(std::move(headers));
        (void)co_await stream.write("first");
        const auto heard = co_await stream.read();
        (void)co_await stream.write("heard " + *heard);
        co_return std::nullopt;
      });
  ServerOptions options;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto client = world.client(server.port());
    auto wish = get("/yes");
    wish.headers["Upgrade"] = "echo";
    auto upgraded = co_await client->upgrade(wish);
    if (!upgraded.ok()) co_return upgraded.status();
    EXPECT_EQ(upgraded->head.status, 101);
    GANTRY_CO_TRY(co_await upgraded->stream->write("hello"));
    std::string all;
    while (true) {
      const auto bytes = co_await upgraded->stream->read();
      if (!bytes.ok()) co_return bytes.status();
      if (bytes->empty()) break;
      all += *bytes;
    }
    EXPECT_EQ(all, "firstheard hello");
    wish.target = "/no";
    const auto refused = co_await client->upgrade(wish);
    if (!refused.ok()) co_return refused.status();
    EXPECT_EQ(refused->stream, nullptr);
    EXPECT_EQ(refused->head.status, 403);
    EXPECT_EQ(refused->head.body, "no");
    co_return Status();
  });
}

TEST(ClientStream, EndsWithTheCallersErrorOrItsCancellation) {
  World world;
  ScriptedServer server(world, [](Connection& connection, int) -> Async<Status> {
    std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
    GANTRY_CO_TRY(co_await answer_once(connection, std::move(head)));
    (void)co_await read_to_end(connection);
    co_return Status();
  });
  auto client = world.client(server.port());
  Status refused;
  Status cancelled;
  server.run([&]() -> Async<Status> {
    auto on_head = [](const Response&) { return Status(); };
    auto refuse = [](std::string_view) { return make_error(ErrorClass::schema, "odd line"); };
    auto accept = [](std::string_view) { return Status(); };
    const auto first = co_await client->stream(get("/"), on_head, refuse);
    refused = first.status();
    async::Group group(world.loop.executor());
    group.spawn("watcher", [&]() -> Async<Status> {
      const auto second = co_await client->stream(get("/"), on_head, accept);
      cancelled = second.status();
      co_return Status();
    });
    GANTRY_CO_TRY(co_await world.clock.sleep_for(20ms));
    group.cancel();
    co_return co_await group.join();
  });
  EXPECT_THAT(refused, Fails(ErrorClass::schema, HasSubstr("odd line")));
  EXPECT_THAT(cancelled, Fails(ErrorClass::cancelled));
}

}  // namespace
}  // namespace gantry::http::beast
