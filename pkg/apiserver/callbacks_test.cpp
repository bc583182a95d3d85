#include "pkg/apiserver/testing.h"

namespace gantry::apiserver {
namespace {

using ::testing::HasSubstr;

constexpr const char* kMachines = "/apis/gantry.dev/v1alpha1/namespaces/default/machines";
constexpr const char* kCallback =
    "/apis/gantry.dev/v1alpha1/namespaces/default/machines/web-0/callback";

class CallbacksTest : public ServerTest {
 protected:
  CallbacksTest()
      : hearing_(store_, clock_, metrics_of_its_own_, options()),
        caller_(http::memory::make_client(clock_, hearing_)) {
    const auto made = call("POST", kMachines, R"({"apiVersion": "gantry.dev/v1alpha1",
        "kind": "Machine", "metadata": {"name": "web-0"}, "spec": {"machineClassName": "small"}})");
    EXPECT_EQ(made.status, 201) << made.body;
    uid_ = Uid(text(json(made), {"metadata", "uid"}));
  }

  http::Response call_back(const std::string& token, const std::string& method = "POST",
                           const std::string& target = kCallback) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.headers["Authorization"] = "Bearer " + token;
    auto response = run(caller_->send(std::move(request), std::chrono::seconds(30)));
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : http::Response();
  }
  std::string heard() {
    const auto machine = json(call("GET", std::string(kMachines) + "/web-0"));
    return text(machine, {"metadata", "annotations", callback::kHeardAnnotation});
  }
  ServerOptions options() {
    ServerOptions made;
    made.version = "0.1.0";
    made.callbacks = &tokens_;
    return made;
  }

  callback::Tokens tokens_{std::string(32, 'k')};
  metrics::prometheus::Registry metrics_of_its_own_;
  Server hearing_;
  std::unique_ptr<http::StreamingClient> caller_;
  Uid uid_;
};

TEST_F(CallbacksTest, IsHeardWithoutBeingAUser) {
  const auto answer = call_back(tokens_.issue(uid_, 7));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("heard"));
  EXPECT_EQ(heard(), "7");
}

TEST_F(CallbacksTest, ATokenIsGoodOnceAndOlderOnesNotAtAll) {
  (void)call_back(tokens_.issue(uid_, 7));
  const auto revision =
      text(json(call("GET", std::string(kMachines) + "/web-0")), {"metadata", "resourceVersion"});
  for (const int64_t attempt : {7, 6}) {
    const auto again = call_back(tokens_.issue(uid_, attempt));
    EXPECT_EQ(again.status, 200);
    EXPECT_THAT(again.body, HasSubstr("ignored"));
  }
  EXPECT_EQ(
      text(json(call("GET", std::string(kMachines) + "/web-0")), {"metadata", "resourceVersion"}),
      revision);
  EXPECT_THAT(call_back(tokens_.issue(uid_, 8)).body, HasSubstr("heard"));
}

TEST_F(CallbacksTest, OthersAreRefusedAndLearnNothing) {
  EXPECT_EQ(call_back("").status, 401);
  EXPECT_EQ(call_back(token_).status, 401) << "a user's token is none";
  EXPECT_EQ(call_back(tokens_.issue(Uid("another"), 7)).status, 401);
  EXPECT_EQ(
      call_back(tokens_.issue(uid_, 7), "POST", std::string(kMachines) + "/no/callback").status,
      401);
  EXPECT_EQ(heard(), "");
}

TEST_F(CallbacksTest, GuessingHasToWait) {
  int status = 401;
  for (int i = 0; i < 20 && status == 401; ++i) status = call_back("guess").status;
  EXPECT_EQ(status, 429);
}

TEST_F(CallbacksTest, ItIsNothingButACallback) {
  for (const auto* method : {"GET", "PUT", "PATCH", "DELETE"})
    EXPECT_EQ(call_back(tokens_.issue(uid_, 7), method).status, 405) << method;
  EXPECT_EQ(heard(), "");
}

TEST_F(CallbacksTest, ADeletedAndRemadeMachineDoesNotHearTheOldOne) {
  const auto old = tokens_.issue(uid_, 7);
  EXPECT_EQ(call("DELETE", std::string(kMachines) + "/web-0").status, 200);
  (void)call("POST", kMachines, R"({"apiVersion": "gantry.dev/v1alpha1", "kind": "Machine",
      "metadata": {"name": "web-0"}, "spec": {"machineClassName": "small"}})");
  EXPECT_EQ(call_back(old).status, 401);
}

}  // namespace
}  // namespace gantry::apiserver
