// What is secret is told nowhere: not in answers to others, not in the audit log, not in errors.
#include "pkg/apiserver/audit/testing.h"
#include "pkg/apiserver/authz/defaults.h"
#include "pkg/apiserver/testing.h"
#include "pkg/base/text.h"
#include "pkg/crypto/signature.h"

namespace gantry::apiserver {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPlanted = "correct-horse-battery-staple";
constexpr const char* kSecrets = "/api/v1/namespaces/default/secrets";

class LeakTest : public ServerTest {
 protected:
  LeakTest() {
    audit_ = std::make_unique<AuditLog>(std::make_unique<Collector>(lines_), other_metrics_);
    ServerOptions options;
    options.audit = audit_.get();
    options.accounts = &accounts_;
    options.random = &random_;
    audited_ = std::make_unique<Server>(store_, clock_, other_metrics_, std::move(options));
    client_ = http::memory::make_client(clock_, *audited_);
  }
  // Everything that was answered but to those who may read it, and everything that was noted.
  std::string told() {
    audit_.reset();
    return lines_ + answers_;
  }
  http::Response ask(const std::string& method, const std::string& target,
                     const std::string& body = "", const std::string& type = "application/json") {
    auto response = call(method, target, body, type);
    answers_ += response.body;
    return response;
  }
  std::string lines_, answers_;
  metrics::prometheus::Registry other_metrics_;
  AccountTokens accounts_ = *AccountTokens::make(*crypto::SigningKey::make_pem());
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<Server> audited_;
};

TEST_F(LeakTest, ASecretIsInNoAuditLineAndNoError) {
  const auto body = absl::StrFormat(
      R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},"stringData":{"p":"%s"}})",
      kPlanted);
  ASSERT_EQ(call("POST", kSecrets, body).status, 201);
  EXPECT_EQ(ask("POST", kSecrets, body).status, 409);
  EXPECT_EQ(ask("POST", kSecrets, body.substr(0, body.size() - 1)).status, 400);
  const auto wrong = absl::StrFormat(
      R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"e"},"data":{"p":"%s!"}})",
      kPlanted);
  EXPECT_EQ(ask("POST", kSecrets, wrong).status, 422);
  const auto typed = absl::StrFormat(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"t"},
      "type":"kubernetes.io/tls","stringData":{"tls.crt":"%s"}})",
                                     kPlanted);
  EXPECT_EQ(ask("POST", kSecrets, typed).status, 422);
  // A selector is the client's own; its answer may repeat it, the book may not.
  (void)call("GET", std::string(kSecrets) + "?labelSelector=" + kPlanted + "%3D%3D%3D");
  token_ = add_token("viewer", std::string(kViewerGroup), std::nullopt);
  EXPECT_EQ(ask("GET", std::string(kSecrets) + "/db").status, 403);
  EXPECT_EQ(
      ask("PATCH", std::string(kSecrets) + "/db", body, "application/merge-patch+json").status,
      403);
  const auto all = told();
  EXPECT_THAT(all, Not(HasSubstr(kPlanted)));
  EXPECT_THAT(all, Not(HasSubstr(base64_encode(kPlanted))));
  EXPECT_THAT(all, HasSubstr(R"("user":"viewer")"));
  EXPECT_THAT(all, HasSubstr(R"("reason":"Forbidden")"));
}

TEST_F(LeakTest, ATokenIsShownOnceAndNotedNever) {
  ASSERT_EQ(call("POST", "/api/v1/namespaces/default/serviceaccounts",
                 R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot"}})")
                .status,
            201);
  const auto issued = call("POST", "/api/v1/namespaces/default/serviceaccounts/robot/token",
                           R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest",
                               "spec":{"expirationSeconds":600}})");
  ASSERT_EQ(issued.status, 201) << issued.body;
  const auto token = text(json(issued), {"status", "token"});
  ASSERT_FALSE(token.empty());
  const auto mine = std::exchange(token_, token);
  EXPECT_EQ(ask("GET", kSecrets).status, 403);
  token_ = token + "x";
  EXPECT_EQ(ask("GET", kSecrets).status, 401);
  token_ = mine;
  (void)ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews",
            R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":")" +
                token + "\"}}");
  const auto all = told();
  EXPECT_THAT(all, HasSubstr("system:serviceaccount:default:robot"));
  EXPECT_THAT(all, Not(HasSubstr(token)));
  EXPECT_THAT(all, Not(HasSubstr(token.substr(token.rfind('.') + 1))));
  EXPECT_THAT(all, Not(HasSubstr(mine)));
}

}  // namespace
}  // namespace gantry::apiserver
