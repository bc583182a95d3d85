// Authentication, RBAC, reviews and audit, spoken to as clients speak.
#include "api/access/authentication.h"
#include "pkg/apiserver/authz/defaults.h"
#include "pkg/apiserver/testing.h"
#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kRbac = "/apis/rbac.authorization.k8s.io/v1";
constexpr const char* kAuthz = "/apis/authorization.k8s.io/v1";
constexpr const char* kReader = R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role",
  "metadata":{"name":"reader"},
  "rules":[{"apiGroups":["gantry.dev"],"resources":["apps"],"verbs":["get","list"]}]})";
constexpr const char* kBinding = R"({"apiVersion":"rbac.authorization.k8s.io/v1",
  "kind":"RoleBinding","metadata":{"name":"readers"},
  "subjects":[{"kind":"User","name":"dev","apiGroup":"rbac.authorization.k8s.io"}],
  "roleRef":{"kind":"Role","name":"reader","apiGroup":"rbac.authorization.k8s.io"}})";

std::string in_default(const std::string& plural) {
  return std::string(kRbac) + "/namespaces/default/" + plural;
}

class AccessTest : public ServerTest {
 protected:
  // What that user is answered.
  http::Response as(std::string token, const std::string& method, const std::string& target,
                    const std::string& body = "") {
    const auto mine = std::exchange(token_, token);
    auto response = call(method, target, body);
    token_ = mine;
    return response;
  }
  std::string message(const http::Response& response) { return text(json(response), {"message"}); }
  void let_dev_read() {
    ASSERT_EQ(call("POST", in_default("roles"), kReader).status, 201);
    ASSERT_EQ(call("POST", in_default("rolebindings"), kBinding).status, 201);
  }
  bool can_i(const std::string& token, const std::string& verb, const std::string& resource,
             const std::string& ns, const std::string& name = "") {
    const auto body = absl::StrFormat(
        R"({"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview",
            "spec":{"resourceAttributes":{"verb":"%s","resource":"%s","namespace":"%s",
                    "group":"%s","name":"%s"}}})",
        verb, resource, ns, resource == "apps" ? "gantry.dev" : "", name);
    const auto answer = as(token, "POST", std::string(kAuthz) + "/selfsubjectaccessreviews", body);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return json(answer).find_path({"status", "allowed"})->as_bool();
  }
  std::string dev_ = add_token("dev", "people", std::nullopt);
};

TEST_F(AccessTest, NobodyMayAnythingThatNoBindingAllows) {
  const auto refused = as(dev_, "GET", kApps);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(message(refused),
            "apps.gantry.dev is forbidden: User \"dev\" cannot list resource \"apps\" in API "
            "group \"gantry.dev\" in the namespace \"default\"");
  EXPECT_EQ(message(as(dev_, "GET", "/api/v1/namespaces")),
            "namespaces is forbidden: User \"dev\" cannot list resource \"namespaces\" in API "
            "group \"\" at the cluster scope");
  EXPECT_EQ(message(as(dev_, "PATCH", std::string(kApps) + "/x/status")),
            "apps.gantry.dev \"x\" is forbidden: User \"dev\" cannot patch resource "
            "\"apps/status\" in API group \"gantry.dev\" in the namespace \"default\"");
  EXPECT_EQ(message(as(dev_, "GET", "/metrics")),
            "forbidden: User \"dev\" cannot get path \"/metrics\"");
  EXPECT_EQ(as(dev_, "GET", "/apis").status, 200) << "everybody may read discovery";
}

TEST_F(AccessTest, ARoleHoldsWhereItIsBoundAndFromTheNextRequestOn) {
  let_dev_read();
  EXPECT_EQ(as(dev_, "GET", kApps).status, 200);
  EXPECT_EQ(as(dev_, "GET", std::string(kApps) + "/nope").status, 404);
  EXPECT_EQ(as(dev_, "POST", kApps, kHello).status, 403);
  EXPECT_EQ(as(dev_, "GET", "/apis/gantry.dev/v1alpha1/apps").status, 403);
  EXPECT_TRUE(can_i(dev_, "list", "apps", "default"));
  EXPECT_FALSE(can_i(dev_, "list", "apps", "gantry-system"));
  EXPECT_FALSE(can_i(dev_, "get", "secrets", "default"));
  EXPECT_EQ(call("DELETE", in_default("rolebindings") + "/readers").status, 200);
  EXPECT_EQ(as(dev_, "GET", kApps).status, 403);
}

TEST_F(AccessTest, AViewerReadsEverythingButSecrets) {
  const auto viewer = add_token("viewer", std::string(kViewerGroup), std::nullopt);
  EXPECT_EQ(as(viewer, "GET", "/apis/gantry.dev/v1alpha1/machines").status, 200);
  EXPECT_EQ(as(viewer, "GET", "/api/v1/namespaces/gantry-system/secrets").status, 403);
  EXPECT_EQ(as(viewer, "DELETE", std::string(kApps) + "/x").status, 403);
}

TEST_F(AccessTest, NobodyGrantsWhatHeDoesNotHold) {
  // `admin` in one namespace may write roles there.
  const auto boss = add_token("boss", "people", std::nullopt);
  const auto made = call("POST", in_default("rolebindings"),
                         R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding",
    "metadata":{"name":"boss"},"subjects":[{"kind":"User","name":"boss"}],
    "roleRef":{"kind":"ClusterRole","name":"admin","apiGroup":"rbac.authorization.k8s.io"}})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(as(boss, "POST", in_default("roles"), kReader).status, 201);
  EXPECT_EQ(as(boss, "POST", in_default("rolebindings"), kBinding).status, 201);
  const auto greedy = as(boss, "POST", in_default("roles"),
                         R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role",
    "metadata":{"name":"greedy"},
    "rules":[{"apiGroups":["gantry.dev"],"resources":["apps"],"verbs":["get","fly"]}]})");
  EXPECT_EQ(greedy.status, 403);
  EXPECT_EQ(message(greedy),
            "roles.rbac.authorization.k8s.io \"greedy\" is forbidden: user \"boss\" "
            "(groups=[\"people\" \"system:authenticated\"]) is attempting to grant RBAC "
            "permissions not currently held:\n{APIGroups:[\"gantry.dev\"], Resources:[\"apps\"], "
            "Verbs:[\"fly\"]}");
  const auto patched = as(boss, "PATCH", in_default("roles") + "/reader");
  EXPECT_EQ(patched.status, 415);
  const auto root = as(boss, "POST", in_default("rolebindings"),
                       R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding",
    "metadata":{"name":"root"},"subjects":[{"kind":"User","name":"boss"}],
    "roleRef":{"kind":"ClusterRole","name":"cluster-admin",
               "apiGroup":"rbac.authorization.k8s.io"}})");
  EXPECT_EQ(root.status, 403) << root.body;
  EXPECT_EQ(as(boss, "POST", std::string(kRbac) + "/clusterroles", kReader).status, 403);
}

TEST_F(AccessTest, WhoMayOnlyPatchCannotCreateByApplying) {
  ASSERT_EQ(call("POST", in_default("roles"),
                 R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role",
    "metadata":{"name":"reader"},
    "rules":[{"apiGroups":["gantry.dev"],"resources":["apps"],"verbs":["patch"]}]})")
                .status,
            201);
  ASSERT_EQ(call("POST", in_default("rolebindings"), kBinding).status, 201);
  const auto mine = std::exchange(token_, dev_);
  const auto applied = call("PATCH", std::string(kApps) + "/hello?fieldManager=t", kHello,
                            "application/apply-patch+yaml");
  token_ = mine;
  EXPECT_EQ(applied.status, 403);
  EXPECT_THAT(message(applied), HasSubstr("User \"dev\" cannot create resource \"apps\""));
}

TEST_F(AccessTest, ATokenIsMadeOnlyByWhoMayBeItsUser) {
  const auto boss = add_token("boss", "people", std::nullopt);
  ASSERT_EQ(call("POST", std::string(kRbac) + "/namespaces/gantry-system/rolebindings",
                 R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding",
    "metadata":{"name":"boss"},"subjects":[{"kind":"User","name":"boss"}],
    "roleRef":{"kind":"ClusterRole","name":"edit","apiGroup":"rbac.authorization.k8s.io"}})")
                .status,
            201);
  const auto forged = issue_token(random_, "forged", {"boss", {"system:masters"}}, std::nullopt);
  const auto secrets = std::string("/api/v1/namespaces/gantry-system/secrets");
  const auto refused = as(boss, "POST", secrets, schema::to_json(forged.secret));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(message(refused), HasSubstr("User \"boss\" cannot impersonate resource"));
  EXPECT_EQ(as(forged.token, "GET", kApps).status, 401);
}

TEST_F(AccessTest, ActingAsOthersNeedsTheRightTo) {
  let_dev_read();
  const auto act = [this](const std::string& token, const std::string& user) {
    http::Request request;
    request.target = kApps;
    request.headers["Authorization"] = "Bearer " + token;
    request.headers["Impersonate-User"] = user;
    return *run(client_->send(std::move(request), std::chrono::seconds(5)));
  };
  EXPECT_EQ(act(token_, "dev").status, 200);
  EXPECT_EQ(act(token_, "stranger").status, 403);
  const auto refused = act(dev_, "admin");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(message(refused),
            "users \"admin\" is forbidden: User \"dev\" cannot impersonate resource \"users\" in "
            "API group \"\" at the cluster scope");
}

TEST_F(AccessTest, ReviewsAreAnsweredAndNotKept) {
  let_dev_read();
  const auto rules = as(dev_, "POST", std::string(kAuthz) + "/selfsubjectrulesreviews",
                        R"({"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview",
    "spec":{"namespace":"default"}})");
  ASSERT_EQ(rules.status, 201) << rules.body;
  EXPECT_THAT(rules.body, HasSubstr(R"("resources":["apps"])"));
  EXPECT_THAT(rules.body, HasSubstr(R"("incomplete":false)"));
  const auto other = call("POST", std::string(kAuthz) + "/subjectaccessreviews",
                          R"({"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview",
    "spec":{"user":"dev","resourceAttributes":{"verb":"list","group":"gantry.dev",
            "resource":"apps","namespace":"default"}}})");
  EXPECT_THAT(other.body, HasSubstr(R"("allowed":true)"));
  EXPECT_EQ(as(dev_, "POST", std::string(kAuthz) + "/subjectaccessreviews", "{}").status, 403);
  const auto who = as(dev_, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                      R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})");
  EXPECT_EQ(text(json(who), {"status", "userInfo", "username"}), "dev");
  const auto token = call("POST", "/apis/authentication.k8s.io/v1/tokenreviews",
                          R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview",
    "spec":{"token":")" + dev_ +
                              "\"}}");
  EXPECT_THAT(token.body, HasSubstr(R"("username":"dev")"));
  EXPECT_THAT(token.body, Not(HasSubstr(dev_)));
  EXPECT_EQ(call("GET", std::string(kAuthz) + "/selfsubjectaccessreviews").status, 405);
}

TEST_F(AccessTest, BuiltInRolesComeBackButPeoplesChangesStay) {
  const auto path = std::string(kRbac) + "/clusterroles/";
  ASSERT_EQ(call("DELETE", path + "view").status, 200);
  ASSERT_EQ(call("PATCH", path + "edit", R"({"rules":[]})", "application/merge-patch+json").status,
            200);
  // As an older Gantry would have written it: other rules, and the digest that fits them.
  ASSERT_EQ(call("PATCH", path + "admin",
                 R"({"rules":[{"apiGroups":[""],"resources":["events"],"verbs":["get"]}]})",
                 "application/merge-patch+json")
                .status,
            200);
  const auto older = json(call("GET", path + "admin"));
  Json essence = Json::object();
  for (const auto* name : {"rules", "aggregationRule"}) essence.set(name, *older.find(name));
  const auto digest = crypto::sha256_hex(schema::to_json(essence));
  ASSERT_EQ(call("PATCH", path + "admin",
                 R"({"metadata":{"annotations":{"gantry.dev/default-digest":")" + digest + "\"}}}",
                 "application/merge-patch+json")
                .status,
            200);
  ASSERT_TRUE(run(ensure_default_roles(store_)).ok());
  EXPECT_EQ(call("GET", path + "view").status, 200);
  const auto edit = json(call("GET", path + "edit"));
  EXPECT_TRUE(edit.find("rules") == nullptr || edit.find("rules")->size() == 0);
  EXPECT_THAT(call("GET", path + "admin").body, HasSubstr("rolebindings"));
}

TEST_F(AccessTest, FailedAttemptsHaveToWaitButOnlyWhereTheyCameFrom) {
  for (int i = 0; i < 12; ++i) (void)as("gantry_wrong" + std::to_string(i), "GET", kApps);
  const auto locked = as("gantry_another", "GET", kApps);
  EXPECT_EQ(locked.status, 429);
  EXPECT_TRUE(locked.headers.contains("Retry-After"));
  clock_.advance(std::chrono::minutes(20));
  EXPECT_EQ(as(token_, "GET", kApps).status, 200);
}

}  // namespace
}  // namespace gantry::apiserver
