// What the server's answers, and none at all, mean to who asked.
#include "cmd/gantryctl/api_client.h"

#include "cmd/gantryctl/watching.h"
#include "pkg/async/loop.h"
#include "pkg/base/testing.h"

namespace gantry::ctl {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

constexpr const char* kUrl = "https://gantry.example:6443";

// Answers everything alike.
class OneAnswer final : public http::StreamingClient {
 public:
  explicit OneAnswer(Result<http::Response> answer) : answer_(std::move(answer)) {}
  Async<Result<http::Response>> send(http::Request, Duration) override { co_return answer_; }
  Async<Result<http::Response>> stream(http::Request, OnHead on_head, OnChunk) override {
    if (!answer_.ok()) co_return answer_;
    GANTRY_CO_TRY(on_head(*answer_));
    co_return answer_;
  }

 private:
  Result<http::Response> answer_;
};

http::Response answer(int status, const std::string& message) {
  http::Response response;
  response.status = status;
  response.body = R"({"kind":"Status","status":"Failure","message":")" + message + "\"}";
  return response;
}

Status ask(Result<http::Response> what) {
  OneAnswer client(std::move(what));
  ApiClient api(client, "");
  return async::Loop().block_on(api.get("/version", kJson)).status();
}

Status watch(Result<http::Response> what) {
  OneAnswer client(std::move(what));
  const auto open = make_watch(client, "");
  return async::Loop().block_on(open("/", kJson, [](const Json&) { return true; }));
}

// CON-018: what could not be put is told apart from what was refused.
TEST(ApiClient, TellsWhatIsRefusedFromWhatCouldNotBeAsked) {
  for (const int refused : {400, 403, 404, 409, 422, 429, 500}) {
    EXPECT_FALSE(could_not_ask(ask(answer(refused, "no")))) << refused;
  }
  for (const int unasked : {401, 503, 504}) {
    EXPECT_TRUE(could_not_ask(ask(answer(unasked, "not now")))) << unasked;
  }
  EXPECT_TRUE(could_not_ask(ask(make_error(ErrorClass::transport, "refused"))));
  EXPECT_TRUE(could_not_ask(ask(make_error(ErrorClass::tls, "unknown authority"))));
  EXPECT_TRUE(could_not_ask(watch(answer(503, "not now"))));
  EXPECT_FALSE(could_not_ask(watch(answer(500, "a bug"))));
  EXPECT_THAT(watch(answer(200, "")), IsOk());
}

TEST(ApiClient, NamesTheAddressAndTheCauseWhereNothingAnswers) {
  const auto gone = make_error(ErrorClass::transport, "connect: Connection refused");
  const auto text =
      "CON-018: cannot reach https://gantry.example:6443: connect: Connection refused; is gantryd "
      "running?";
  EXPECT_EQ(error_text(ask(gone), kUrl), text);
  EXPECT_EQ(error_text(watch(gone), kUrl), text);
  EXPECT_THAT(error_text(annotate(ask(gone), "web.yaml"), kUrl), HasSubstr("CON-018"));
}

// A server that answers is running: what it says is all there is to say.
TEST(ApiClient, AServerThatAnswersIsNotSaidToBeGone) {
  EXPECT_EQ(error_text(ask(answer(503, "the database cannot be reached")), kUrl),
            "the database cannot be reached");
  EXPECT_THAT(watch(answer(503, "")), Fails(ErrorClass::transport, HasSubstr("503")));
  EXPECT_EQ(catalogue_code(watch(answer(503, ""))), std::nullopt);
  EXPECT_EQ(catalogue_code(ask(make_error(ErrorClass::tls, "x"))), std::nullopt);
}

TEST(ApiClient, SaysTheCodesOfARefusal) {
  const auto refused = [](const std::string& causes) {
    http::Response response;
    response.status = 422;
    response.body =
        R"({"message":"Machine \"x\" is invalid: spec: no","details":{"causes":[)" + causes + "]}}";
    return message_of(ask(response));
  };
  const std::string name = R"({"field":"spec.node","message":"bad","code":"MC-008"})";
  const std::string other = R"({"field":"spec.x","message":"no"})";
  EXPECT_EQ(refused(name), "Machine \"x\" is invalid: spec: no (MC-008)");
  EXPECT_EQ(refused(name + "," + other),
            "Machine \"x\" is invalid:\n  spec.node: bad (MC-008)\n  spec.x: no");
}

}  // namespace
}  // namespace gantry::ctl
