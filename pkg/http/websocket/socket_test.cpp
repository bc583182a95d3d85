// Both sides of a WebSocket, over a pipe.
#include "pkg/http/websocket/socket.h"

#include "pkg/async/group.h"
#include "pkg/async/loop.h"
#include "pkg/base/testing.h"

namespace gantry::http::websocket {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

// One direction.
struct Pipe {
  std::string bytes;
  std::string seen;  // all that ever went through
  bool ended = false;
  async::Waiters arrived;
};

class End final : public ResponseStream {
 public:
  End(Pipe& in, Pipe& out) : in_(in), out_(out) {}
  Async<Status> start(Response) override { co_return Status(); }
  Async<Status> upgrade(Headers sent) override {
    headers = std::move(sent);
    co_return Status();
  }
  Async<Status> write(std::string bytes) override {
    out_.bytes += bytes;
    out_.seen += bytes;
    out_.arrived.wake_all();
    co_return Status();
  }
  Async<Result<std::string>> read() override {
    while (in_.bytes.empty() && !in_.ended) GANTRY_CO_TRY(co_await in_.arrived.park());
    co_return std::exchange(in_.bytes, "");
  }
  Headers headers;

 private:
  Pipe& in_;
  Pipe& out_;
};

// A client whose server is the test: agrees, or answers `refusal`.
class Agreeing final : public StreamingClient {
 public:
  explicit Agreeing(Pipe& in, Pipe& out) : in_(in), out_(out) {}
  Async<Result<Response>> send(Request, Duration) override { co_return Response(); }
  Async<Result<Response>> stream(Request, OnHead, OnChunk) override { co_return Response(); }
  Async<Result<Upgraded>> upgrade(Request request) override {
    Upgraded upgraded;
    if (refusal) {
      upgraded.head = *refusal;
      co_return std::move(upgraded);
    }
    End server(out_, in_);
    GANTRY_CO_TRY(co_await accept(server, request, protocol));
    upgraded.head.status = 101;
    upgraded.head.headers = server.headers;
    if (!accepted_as.empty()) upgraded.head.headers["Sec-WebSocket-Accept"] = accepted_as;
    upgraded.stream = std::make_unique<End>(in_, out_);
    co_return std::move(upgraded);
  }
  std::optional<Response> refusal;
  std::string protocol = "b";
  std::string accepted_as;

 private:
  Pipe& in_;
  Pipe& out_;
};

struct World {
  async::Loop loop;
  SeededRandom random{1};
  Pipe to_server, to_client;
  Agreeing client{to_client, to_server};
  Response refusal;

  Result<std::unique_ptr<ByteStream>> connect() {
    std::vector<std::string> protocols = {"a", "b"};
    Request request;
    return loop.block_on(websocket::connect(client, request, protocols, random, refusal));
  }
};

TEST(Socket, TakesMessagesBothWays) {
  World world;
  const auto stream = world.connect();
  ASSERT_THAT(stream, IsOk());
  ASSERT_NE(*stream, nullptr);
  End server_end(world.to_server, world.to_client);
  Socket client(**stream, world.random), server(server_end);
  const auto talk = [&]() -> Async<Status> {
    const std::string question(70'000, 'q');
    GANTRY_CO_TRY(co_await client.send(question));
    GANTRY_CO_TRY_ASSIGN(const auto heard, co_await server.next());
    EXPECT_EQ(heard, question);
    GANTRY_CO_TRY(co_await server.send("answer"));
    GANTRY_CO_TRY_ASSIGN(const auto answer, co_await client.next());
    EXPECT_EQ(answer, "answer");
    GANTRY_CO_TRY(co_await server.close(1000));
    GANTRY_CO_TRY_ASSIGN(const auto end, co_await client.next());
    EXPECT_EQ(end, std::nullopt);
    co_return Status();
  };
  EXPECT_THAT(world.loop.block_on(talk()), IsOk());
  EXPECT_EQ(world.to_server.seen.find("qqqq"), std::string::npos);  // masked
}

TEST(Socket, AClientTellsRefusalFromAnotherProtocol) {
  World world;
  world.client.refusal.emplace();
  world.client.refusal->status = 403;
  const auto refused = world.connect();
  ASSERT_THAT(refused, IsOk());
  EXPECT_EQ(*refused, nullptr);
  EXPECT_EQ(world.refusal.status, 403);
  world.client.refusal.reset();
  world.client.accepted_as = "not ours";
  EXPECT_THAT(world.connect(), Fails(ErrorClass::schema, HasSubstr("another protocol")));
  world.client.accepted_as.clear();
  world.client.protocol = "c";
  EXPECT_THAT(world.connect(), Fails(ErrorClass::schema));
}

}  // namespace
}  // namespace gantry::http::websocket
