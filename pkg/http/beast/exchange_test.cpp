// Streams from a handler to a client: back-pressure, disconnects, stops.
#include "pkg/http/beast/exchange.h"

#include "pkg/http/beast/test_world.h"

namespace gantry::http::beast {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

Response ok_head() {
  Response head;
  head.headers["Content-Type"] = "application/json";
  return head;
}

// Writes "0\n", "1\n", … and returns.
FunctionHandler counting_handler(int count) {
  return FunctionHandler(
      [count](Request, Peer, ResponseStream& stream) -> Async<std::optional<Response>> {
        (void)co_await stream.start(ok_head());
        for (int i = 0; i < count; ++i) (void)co_await stream.write(std::to_string(i) + "\n");
        co_return std::nullopt;
      });
}

// A watch without events: starts, then waits until it is cancelled.
struct Watch {
  World& world;
  async::Event started;
  async::Event ended;
  Status how;
  FunctionHandler handler{
      [this](Request, Peer, ResponseStream& stream) -> Async<std::optional<Response>> {
        (void)co_await stream.start(ok_head());
        (void)co_await stream.write("first\n");
        started.set();
        how = co_await world.clock.sleep_for(1h);
        ended.set();
        co_return std::nullopt;
      }};
};

TEST(Stream, IsChunkedAndLeavesTheConnectionUsable) {
  World world;
  auto handler = counting_handler(3);
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    std::string bytes =
        "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    auto got = co_await ask_raw(world, server.port(), bytes);
    GANTRY_CO_TRY(got.status());
    EXPECT_THAT(*got, HasSubstr("2\r\n0\n\r\n2\r\n1\n\r\n2\r\n2\n\r\n0\r\n\r\nHTTP/1.1 200 OK"));
    EXPECT_THAT(*got, EndsWith("2\r\n2\n\r\n0\r\n\r\n"));
    co_return Status();
  });
}

TEST(Stream, IsPlainBytesForOldClientsAndNothingForHead) {
  World world;
  auto handler = counting_handler(2);
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    std::string old = "GET /a HTTP/1.0\r\n\r\n";
    auto got = co_await ask_raw(world, server.port(), old);
    GANTRY_CO_TRY(got.status());
    EXPECT_THAT(*got, AllOf(EndsWith("\r\n\r\n0\n1\n"), Not(HasSubstr("chunked"))));
    std::string head = "HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    got = co_await ask_raw(world, server.port(), head);
    GANTRY_CO_TRY(got.status());
    EXPECT_THAT(*got, EndsWith("\r\n\r\n"));
    co_return Status();
  });
}

TEST(Stream, ReachesTheClientPieceByPiece) {
  World world;
  Watch watch{world, {}, {}, {}};
  std::vector<std::string> chunks;
  with_server(world, {}, watch.handler, [&](Server& server) -> Async<Status> {
    auto client = world.client(server.port());
    async::Group group(world.loop.executor());
    group.spawn("watcher", [&]() -> Async<Status> {
      auto on_head = [](const Response&) { return Status(); };
      auto on_chunk = [&](std::string_view chunk) {
        chunks.emplace_back(chunk);
        return Status();
      };
      (void)co_await client->stream(get("/"), on_head, on_chunk);
      co_return Status();
    });
    (void)co_await watch.started.wait();
    GANTRY_CO_TRY(co_await world.clock.sleep_for(10ms));
    EXPECT_THAT(chunks, ElementsAre("first\n"));
    group.cancel();
    co_return co_await group.join();
  });
}

TEST(Stream, EndsAtOnceWhenThePeerLeavesWhileTheHandlerWaits) {
  World world;
  Watch watch{world, {}, {}, {}};
  with_server(world, {}, watch.handler, [&](Server& server) -> Async<Status> {
    auto peer = co_await dial_plain(world, server.port());
    GANTRY_CO_TRY(peer.status());
    std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    GANTRY_CO_TRY(co_await (*peer)->write(std::move(bytes)));
    (void)co_await watch.started.wait();
    (*peer)->close();
    co_return co_await async::with_deadline(world.clock, 5s, "the end", watch.ended.wait());
  });
  EXPECT_THAT(watch.how, Fails(ErrorClass::cancelled));
}

TEST(Stream, EndsProperlyAndAtOnceWhenTheServerStops) {
  World world;
  Watch watch{world, {}, {}, {}};
  const auto start = world.clock.now();
  with_server(world, {}, watch.handler, [&](Server& server) -> Async<Status> {
    auto client = world.client(server.port());
    async::Group group(world.loop.executor());
    group.spawn("watcher", [&]() -> Async<Status> {
      auto on_head = [](const Response&) { return Status(); };
      auto on_chunk = [](std::string_view) { return Status(); };
      const auto head = co_await client->stream(get("/"), on_head, on_chunk);
      co_return head.status();  // OK: the last chunk has come
    });
    (void)co_await watch.started.wait();
    server.stop();
    co_return co_await group.join();
  });
  EXPECT_THAT(watch.how, Fails(ErrorClass::cancelled));
  EXPECT_LT(world.clock.now() - start, 5s);  // the drain time is 10 s
}

TEST(Stream, ASlowReaderBlocksOnlyItself) {
  World world;
  size_t written = 0;
  FunctionHandler handler(
      [&](Request request, Peer, ResponseStream& stream) -> Async<std::optional<Response>> {
        if (request.target == "/quick") co_return text_response("quick");
        (void)co_await stream.start(ok_head());
        for (int i = 0; i < 1000; ++i) {
          const Status status = co_await stream.write(std::string(64 * 1024, 'x'));
          if (!status.ok()) break;
          written += 64 * 1024;
        }
        co_return std::nullopt;
      });
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    auto slow = co_await dial_plain(world, server.port());
    GANTRY_CO_TRY(slow.status());
    std::string bytes = "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n";
    GANTRY_CO_TRY(co_await (*slow)->write(std::move(bytes)));
    auto client = world.client(server.port());
    size_t before = 0;
    for (int still = 0; still < 5; ++still) {  // until the kernel's buffers are full
      if (written != before) still = 0;
      before = written;
      GANTRY_CO_TRY(co_await world.clock.sleep_for(10ms));
    }
    EXPECT_LT(written, size_t{1000} * 64 * 1024);
    const auto response = co_await client->send(get("/quick"), 5s);
    EXPECT_THAT(response, IsOk());
    EXPECT_EQ(written, before);
    std::string some;
    while (some.size() < 8 * 1024 * 1024) {
      const auto count = co_await (*slow)->read(some);
      GANTRY_CO_TRY(count.status());
      if (*count == 0) co_return make_error(ErrorClass::transport, "the stream was cut");
    }
    EXPECT_GT(written, before);
    (*slow)->close();
    co_return Status();
  });
}

TEST(Stream, IsCutWhenAReaderMakesNoProgress) {
  World world;
  async::Event ended;
  Status how;
  FunctionHandler handler(
      [&](Request, Peer, ResponseStream& stream) -> Async<std::optional<Response>> {
        (void)co_await stream.start(ok_head());
        while (how.ok()) how = co_await stream.write(std::string(1024 * 1024, 'x'));
        ended.set();
        co_return std::nullopt;
      });
  ServerOptions options;
  options.limits.write_timeout = 50ms;
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto slow = co_await dial_plain(world, server.port());
    GANTRY_CO_TRY(slow.status());
    std::string bytes = "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n";
    GANTRY_CO_TRY(co_await (*slow)->write(std::move(bytes)));
    co_return co_await async::with_deadline(world.clock, 5s, "the end", ended.wait());
  });
  EXPECT_FALSE(how.ok());
}

TEST(Stream, IsNotCutWhileAReaderIsSlowButMakesProgress) {
  World world;
  const size_t size = size_t{24} << 20;
  FunctionHandler handler([&](Request, Peer, ResponseStream&) -> Async<std::optional<Response>> {
    co_return text_response(std::string(size, 'x'));
  });
  ServerOptions options;
  options.limits.write_timeout = 1s;
  const auto start = world.clock.now();
  with_server(world, options, handler, [&](Server& server) -> Async<Status> {
    auto slow = co_await dial_plain(world, server.port());
    GANTRY_CO_TRY(slow.status());
    std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    GANTRY_CO_TRY(co_await (*slow)->write(std::move(bytes)));
    std::string answer;
    size_t rested = 0;
    while (answer.size() < size) {
      const auto count = co_await (*slow)->read(answer);
      GANTRY_CO_TRY(count.status());
      if (*count == 0) co_return make_error(ErrorClass::transport, "the answer was cut");
      if (answer.size() < rested + (size_t{1} << 20)) continue;
      rested = answer.size();
      GANTRY_CO_TRY(co_await world.clock.sleep_for(60ms));
    }
    co_return Status();
  });
  EXPECT_GT(world.clock.now() - start, 1s);
}

TEST(Stream, DoesNotCancelARequestThatHasNotBegunToStream) {
  World world;
  async::Event entered;
  async::Event ended;
  Status how = internal("never came here");
  FunctionHandler handler([&](Request, Peer, ResponseStream&) -> Async<std::optional<Response>> {
    entered.set();
    how = co_await world.clock.sleep_for(30ms);
    ended.set();
    co_return text_response("stored");
  });
  with_server(world, {}, handler, [&](Server& server) -> Async<Status> {
    auto peer = co_await dial_plain(world, server.port());
    GANTRY_CO_TRY(peer.status());
    std::string bytes = "DELETE / HTTP/1.1\r\nHost: h\r\n\r\n";
    GANTRY_CO_TRY(co_await (*peer)->write(std::move(bytes)));
    (void)co_await entered.wait();
    (*peer)->close();
    co_return co_await async::with_deadline(world.clock, 5s, "the end", ended.wait());
  });
  EXPECT_THAT(how, IsOk());
}

}  // namespace
}  // namespace gantry::http::beast
