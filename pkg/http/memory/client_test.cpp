#include "pkg/http/memory/client.h"

#include "pkg/async/event.h"
#include "pkg/async/group.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"

namespace gantry::http::memory {
namespace {

using namespace std::chrono_literals;
using ::gantry::testing::Fails;
using ::gantry::testing::IsOk;
using ::testing::ElementsAre;

// Answers by target: /plain, /stream, /slow, /nothing.
class Site final : public Handler {
 public:
  explicit Site(async::Clock& clock) : clock_(clock) {}
  Async<std::optional<Response>> handle(Request request, Peer peer,
                                        ResponseStream& stream) override {
    Response response;
    if (request.target == "/nothing") co_return std::nullopt;
    if (request.target == "/slow") (void)co_await clock_.sleep_for(1h);
    if (request.target == "/stream") {
      response.status = 202;
      (void)co_await stream.start(std::move(response));
      (void)co_await stream.write("one");
      ended = co_await stream.write("two");
      co_return std::nullopt;
    }
    response.body = request.method + " " + request.body + " from " + peer.address;
    co_return response;
  }
  Status ended;

 private:
  async::Clock& clock_;
};

class MemoryClientTest : public ::testing::Test {
 protected:
  Result<Response> send(const std::string& method, const std::string& target) {
    Request request;
    request.method = method;
    request.target = target;
    request.body = "body";
    return loop_.block_on(clock_, client_->send(request, 10s));
  }

  async::Loop loop_;
  async::SimulatedClock clock_{Time{}};
  Site site_{clock_};
  std::unique_ptr<StreamingClient> client_ = make_client(clock_, site_);
};

TEST_F(MemoryClientTest, GivesTheAnswerOrTheWholeStream) {
  const auto plain = send("PUT", "/plain");
  ASSERT_THAT(plain, IsOk());
  EXPECT_EQ(plain->body, "PUT body from 127.0.0.1");
  EXPECT_EQ(plain->reason, "OK");
  const auto stream = send("GET", "/stream");
  ASSERT_THAT(stream, IsOk());
  EXPECT_EQ(stream->status, 202);
  EXPECT_EQ(stream->body, "onetwo");
}

TEST_F(MemoryClientTest, TimesOutAndMarksWhatMayHaveTakenEffect) {
  const auto got = send("GET", "/slow");
  EXPECT_THAT(got, Fails(ErrorClass::timeout));
  EXPECT_FALSE(may_have_been_sent(got.status()));
  const auto posted = send("POST", "/slow");
  EXPECT_THAT(posted, Fails(ErrorClass::timeout));
  EXPECT_TRUE(may_have_been_sent(posted.status()));
}

TEST_F(MemoryClientTest, SaysInternalWhenTheHandlerGivesNoAnswer) {
  EXPECT_THAT(send("GET", "/nothing"), Fails(ErrorClass::internal));
}

TEST_F(MemoryClientTest, HandsChunksOverOneByOne) {
  std::vector<std::string> chunks;
  auto on_head = [](const Response& head) {
    EXPECT_EQ(head.status, 202);
    return Status();
  };
  auto on_chunk = [&](std::string_view chunk) {
    chunks.emplace_back(chunk);
    return Status();
  };
  Request request;
  request.target = "/stream";
  EXPECT_THAT(loop_.block_on(clock_, client_->stream(request, on_head, on_chunk)), IsOk());
  EXPECT_THAT(chunks, ElementsAre("one", "two"));
}

TEST_F(MemoryClientTest, TellsTheHandlerWhenTheReaderHasHadEnough) {
  auto on_head = [](const Response&) { return Status(); };
  auto on_chunk = [](std::string_view) { return make_error(ErrorClass::schema, "odd"); };
  Request request;
  request.target = "/stream";
  EXPECT_THAT(loop_.block_on(clock_, client_->stream(request, on_head, on_chunk)),
              Fails(ErrorClass::schema));
  EXPECT_FALSE(site_.ended.ok());
}

}  // namespace
}  // namespace gantry::http::memory
