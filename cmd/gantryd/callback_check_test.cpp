#include "cmd/gantryd/callback_check.h"

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/http/memory/client.h"

namespace gantry::daemon {
namespace {

using gantry::testing::IsOk;
using ::testing::HasSubstr;

class Answers final : public http::Handler {
 public:
  http::Response response;
  Async<std::optional<http::Response>> handle(http::Request request, http::Peer,
                                              http::ResponseStream&) override {
    EXPECT_FALSE(request.headers.contains("Authorization"));
    co_return response;
  }
};

class CallbackCheckTest : public ::testing::Test {
 protected:
  Status look(int status, std::string body) {
    answers_.response.status = status;
    answers_.response.body = std::move(body);
    EXPECT_EQ(loop_.block_on(clock_, check_.look()), check_.status());
    return check_.status();
  }
  async::Loop loop_;
  async::SimulatedClock clock_{Time()};
  Answers answers_;
  CallbackCheck check_{"https://gantry.lan:6443", http::memory::make_client(clock_, answers_)};
};

TEST_F(CallbackCheckTest, OurOwnRouteIsFine) {
  EXPECT_THAT(look(405, R"({"kind":"Status","reason":"MethodNotAllowed"})"), IsOk());
}

TEST_F(CallbackCheckTest, ALoginPageOrNothingThereIsTold) {
  const auto login = look(200, "<html>log in</html>");
  EXPECT_THAT(message_of(login), HasSubstr("CallbackRouteBroken: https://gantry.lan:6443/"));
  EXPECT_EQ(catalogue_code(login), "BST-003");
  EXPECT_FALSE(look(404, "404 page not found").ok());
  EXPECT_THAT(look(405, R"({"kind":"Status","reason":"MethodNotAllowed"})"), IsOk());
}

}  // namespace
}  // namespace gantry::daemon
