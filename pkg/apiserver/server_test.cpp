// The server over the memory store, spoken to as a client speaks.
#include "pkg/apiserver/server.h"

#include "pkg/apiserver/testing.h"
#include "pkg/async/deadline.h"
#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(ServerTest, CreatesGetsListsAndDeletes) {
  const auto created = call("POST", kApps, kHello);
  ASSERT_EQ(created.status, 201) << created.body;
  const auto object = json(created);
  EXPECT_EQ(text(object, {"metadata", "namespace"}), "default");
  EXPECT_EQ(object.find_path({"spec", "replicas"})->as_integer(), 1) << "defaults are stored";
  EXPECT_EQ(call("GET", std::string(kApps) + "/hello").body, created.body);
  const auto list = json(call("GET", kApps));
  EXPECT_EQ(text(list, {"kind"}), "AppList");
  EXPECT_EQ(list.find("items")->size(), 1U);
  const auto deleted = call("DELETE", std::string(kApps) + "/hello");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(text(json(deleted), {"status"}), "Success");
  EXPECT_EQ(call("GET", std::string(kApps) + "/hello").status, 404);
}

TEST_F(ServerTest, SaysInKubernetesWordsWhatIsWrong) {
  EXPECT_EQ(text(json(call("GET", std::string(kApps) + "/nope")), {"message"}),
            "apps.gantry.dev \"nope\" not found");
  (void)call("POST", kApps, kHello);
  const auto again = call("POST", kApps, kHello);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(text(json(again), {"message"}), "apps.gantry.dev \"hello\" already exists");
  const auto unknown = call("GET", "/apis/gantry.dev/v1alpha1/namespaces/default/widgets");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, "404 page not found\n");
  const auto elsewhere = call("POST", "/apis/gantry.dev/v1alpha1/namespaces/nowhere/apps", kHello);
  EXPECT_EQ(elsewhere.status, 404);
  EXPECT_EQ(text(json(elsewhere), {"message"}), "namespaces \"nowhere\" not found");
}

TEST_F(ServerTest, AnswersWhatIsNoRequestWithAStatusAndAnId) {
  const auto broken = call("GET", "/api/v1/%zz");
  EXPECT_EQ(broken.status, 400);
  EXPECT_EQ(text(json(broken), {"reason"}), "BadRequest");
  EXPECT_THAT(broken.headers.at("Audit-Id"), Not(""));
  const auto large = server_.refuse(413, "the body is longer than 3 MiB", http::Peer());
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(text(json(large), {"reason"}), "RequestEntityTooLarge");
  EXPECT_NE(large.headers.at("Audit-Id"), broken.headers.at("Audit-Id"));
}

TEST_F(ServerTest, RefusesAnUnknownFieldWithItsPathAndStoresNothing) {
  auto body = *schema::parse_json(kHello);
  body.member("spec").set("replics", 3);
  const auto refused = call("POST", kApps, schema::to_json(body));
  ASSERT_EQ(refused.status, 422) << refused.body;
  const auto status = json(refused);
  EXPECT_EQ(text(status, {"reason"}), "Invalid");
  const auto& cause = status.find_path({"details", "causes"})->as_array().at(0);
  EXPECT_EQ(cause.string_or("field", ""), "spec.replics");
  EXPECT_THAT(cause.string_or("message", ""), HasSubstr("replicas"));
  EXPECT_EQ(call("GET", std::string(kApps) + "/hello").status, 404);
}

TEST_F(ServerTest, WarnsAboutUnknownFieldsWhereAsked) {
  auto body = *schema::parse_json(kHello);
  body.member("spec").set("replics", 3);
  const auto warned =
      call("POST", std::string(kApps) + "?fieldValidation=Warn", schema::to_json(body));
  ASSERT_EQ(warned.status, 201) << warned.body;
  EXPECT_THAT(warned.headers.find("Warning")->second, HasSubstr("spec.replics"));
  EXPECT_EQ(json(warned).find_path({"spec", "replics"}), nullptr);
}

TEST_F(ServerTest, WhatIsReadWhileTheDatabaseIsAwayIsMarked) {
  ASSERT_EQ(call("POST", kApps, kHello).status, 201);
  EXPECT_FALSE(call("GET", kApps).headers.contains("Warning"));
  disk_.down = true;
  EXPECT_EQ(call("DELETE", std::string(kApps) + "/hello").status, 503);
  for (const auto& path : {std::string(kApps), std::string(kApps) + "/hello"}) {
    const auto read = call("GET", path);
    EXPECT_EQ(read.status, 200);
    const auto warning = read.headers.find("Warning");
    ASSERT_NE(warning, read.headers.end());
    EXPECT_THAT(warning->second, HasSubstr("299 - \"the database takes no writes since "));
  }
  EXPECT_FALSE(call("GET", "/version").headers.contains("Warning"));
}

TEST_F(ServerTest, RefusesABrokenBodyWithItsPosition) {
  const auto refused = call("POST", kApps, "{\"kind\": }");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(text(json(refused), {"message"}), HasSubstr("line 1"));
  EXPECT_EQ(call("POST", kApps, "x", "text/csv").status, 415);
}

TEST_F(ServerTest, PatchesAndDetectsConflicts) {
  (void)call("POST", kApps, kHello);
  const auto path = std::string(kApps) + "/hello";
  const auto patched =
      call("PATCH", path, R"({"spec":{"replicas":2}})", "application/merge-patch+json");
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(json(patched).find_path({"metadata", "generation"})->as_integer(), 2);
  const auto stale =
      call("PATCH", path, R"({"metadata":{"resourceVersion":"1"},"spec":{"replicas":3}})",
           "application/merge-patch+json");
  EXPECT_EQ(stale.status, 409);
  EXPECT_THAT(text(json(stale), {"message"}), HasSubstr("the object has been modified"));
  const auto listed = call("PATCH", path, R"([{"op":"replace","path":"/spec/replicas","value":5}])",
                           "application/json-patch+json");
  EXPECT_EQ(json(listed).find_path({"spec", "replicas"})->as_integer(), 5);
}

TEST_F(ServerTest, KeepsStatusAndSpecApart) {
  (void)call("POST", kApps, kHello);
  const auto path = std::string(kApps) + "/hello";
  const auto status =
      call("PATCH", path + "/status", R"({"spec":{"replicas":9},"status":{"readyReplicas":1}})",
           "application/merge-patch+json");
  ASSERT_EQ(status.status, 200) << status.body;
  EXPECT_EQ(json(status).find_path({"spec", "replicas"})->as_integer(), 1);
  EXPECT_EQ(json(status).find_path({"status", "readyReplicas"})->as_integer(), 1);
  const auto main =
      call("PATCH", path, R"({"status":{"readyReplicas":7}})", "application/merge-patch+json");
  EXPECT_EQ(json(main).find_path({"status", "readyReplicas"})->as_integer(), 1);
}

TEST_F(ServerTest, SelectsByLabelAndField) {
  for (const auto* name : {"a", "b"}) {
    auto body = *schema::parse_json(kHello);
    body.member("metadata").set("name", name);
    body.member("metadata").member("labels").set("which", name);
    ASSERT_EQ(call("POST", kApps, schema::to_json(body)).status, 201);
  }
  const auto labelled = json(call("GET", std::string(kApps) + "?labelSelector=which%3Da"));
  EXPECT_EQ(labelled.find("items")->size(), 1U);
  const auto named = json(call("GET", std::string(kApps) + "?fieldSelector=metadata.name%3Db"));
  EXPECT_EQ(named.find("items")->size(), 1U);
  EXPECT_EQ(call("GET", std::string(kApps) + "?fieldSelector=spec.x%3Db").status, 400);
}

TEST_F(ServerTest, ShowsTables) {
  (void)call("POST", kApps, kHello);
  const auto table =
      json(call("GET", kApps, "", "", "application/json;as=Table;v=v1;g=meta.k8s.io"));
  EXPECT_EQ(text(table, {"kind"}), "Table");
  EXPECT_EQ(table.find("columnDefinitions")->as_array()[0].string_or("name", ""), "Name");
  EXPECT_EQ(table.find("rows")->as_array()[0].find("cells")->as_array()[0].as_string(), "hello");
}

TEST_F(ServerTest, SecretsTakeStringDataAndViewersDoNotSeeThem) {
  const auto created =
      call("POST", "/api/v1/namespaces/default/secrets",
           R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"k":"v"}})");
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(text(json(created), {"data", "k"}), base64_encode("v"));
  EXPECT_EQ(json(created).find("stringData"), nullptr);
  token_ = add_token("viewer", std::string(kViewerGroup), std::nullopt);
  EXPECT_EQ(call("GET", kApps).status, 200);
  EXPECT_EQ(call("POST", kApps, kHello).status, 403);
  const auto hidden = call("GET", "/api/v1/namespaces/default/secrets/s");
  EXPECT_EQ(hidden.status, 403);
  EXPECT_THAT(text(json(hidden), {"message"}), StartsWith("secrets \"s\" is forbidden: User"));
}

TEST_F(ServerTest, AnImmutableSecretIsNotChangedThroughStringDataEither) {
  const auto path = std::string("/api/v1/namespaces/default/secrets");
  ASSERT_EQ(call("POST", path,
                 R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},
                     "immutable":true,"stringData":{"k":"v"}})")
                .status,
            201);
  const auto refused =
      call("PATCH", path + "/s", R"({"stringData":{"k":"other"}})", "application/merge-patch+json");
  EXPECT_EQ(refused.status, 422) << refused.body;
}

TEST_F(ServerTest, RefusesMissingWrongExpiredAndRevokedTokens) {
  const auto good = token_;
  const auto late = add_token("late", std::string(kAdminGroup), clock_.now() + 1h);
  token_ = "gantry-nonsense";
  EXPECT_EQ(call("GET", kApps).status, 401);
  token_ = late;
  EXPECT_EQ(call("GET", kApps).status, 200);
  clock_.advance(2h);
  EXPECT_EQ(call("GET", kApps).status, 401);
  token_ = good;
  EXPECT_EQ(call("DELETE", "/api/v1/namespaces/gantry-system/secrets/token-admin").status, 200);
  EXPECT_EQ(call("GET", kApps).status, 401);
}

TEST_F(ServerTest, HealthNeedsNoToken) {
  token_.clear();
  for (const auto* path : {"/healthz", "/livez", "/readyz"})
    EXPECT_EQ(call("GET", path).body, "ok");
  EXPECT_EQ(call("GET", "/version").status, 401);
}

TEST_F(ServerTest, DatabaseGoneIs503WithRetryAfterWhileReadsGoOn) {
  (void)call("POST", kApps, kHello);
  disk_.down = true;
  const auto refused = call("PATCH", std::string(kApps) + "/hello", R"({"spec":{"replicas":2}})",
                            "application/merge-patch+json");
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_THAT(refused.body, Not(HasSubstr("connection lost"))) << "why is for the log";
  EXPECT_NE(refused.headers.find("Retry-After"), refused.headers.end());
  EXPECT_EQ(call("GET", std::string(kApps) + "/hello").status, 200);
}

TEST_F(ServerTest, ANamespaceThatIsNotEmptyIsNotDeleted) {
  (void)call("POST", kApps, kHello);
  const auto refused = call("DELETE", "/api/v1/namespaces/default");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(text(json(refused), {"message"}), HasSubstr("hello"));
}

TEST_F(ServerTest, DryRunChecksAndStoresNothing) {
  EXPECT_EQ(call("POST", std::string(kApps) + "?dryRun=All", kHello).status, 201);
  EXPECT_EQ(call("GET", std::string(kApps) + "/hello").status, 404);
}

TEST_F(ServerTest, DiscoveryIsLegacyOrAggregatedAndCacheable) {
  EXPECT_THAT(call("GET", "/apis").body, HasSubstr("\"APIGroupList\""));
  const auto aggregated =
      call("GET", "/apis", "", "",
           "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json");
  EXPECT_THAT(aggregated.headers.find("Content-Type")->second, HasSubstr("v=v2"));
  EXPECT_THAT(aggregated.body, HasSubstr("\"resource\":\"apps\""));
  http::Request again;
  again.target = "/apis/gantry.dev/v1alpha1";
  again.headers["Authorization"] = "Bearer " + token_;
  const auto first = run(client_->send(again, 30s));
  again.headers["If-None-Match"] = first->headers.find("ETag")->second;
  EXPECT_EQ(run(client_->send(again, 30s))->status, 304);
}

TEST_F(ServerTest, OpenApiDescribesEveryKind) {
  EXPECT_THAT(call("GET", "/openapi/v3").body, HasSubstr("apis/gantry.dev/v1alpha1"));
  const auto document = call("GET", "/openapi/v3/apis/gantry.dev/v1alpha1");
  EXPECT_THAT(document.body, HasSubstr("dev.gantry.v1alpha1.App"));
  EXPECT_THAT(document.body, HasSubstr("fieldValidation"));
  EXPECT_THAT(call("GET", "/openapi/v2").body, HasSubstr("\"swagger\":\"2.0\""));
}

class WatchTest : public ServerTest {
 protected:
  // The events of a watch of `seconds`, while `during` runs; "TYPE name".
  std::vector<std::string> watch(const std::string& query, std::function<Async<Status>()> during) {
    std::vector<std::string> seen;
    std::string rest;
    auto body = [&]() -> Async<Status> {
      async::Group group(co_await async::this_executor());
      group.spawn("watch", [&]() -> Async<Status> {
        http::Request request;
        request.target = std::string(kApps) + "?watch=true&timeoutSeconds=30" + query;
        request.headers["Authorization"] = "Bearer " + token_;
        const http::StreamingClient::OnHead on_head = [](const http::Response&) {
          return Status();
        };
        const http::StreamingClient::OnChunk on_chunk = [&](std::string_view chunk) {
          rest += chunk;
          return Status();
        };
        auto ended = co_await client_->stream(std::move(request), on_head, on_chunk);
        co_return ended.status();
      });
      GANTRY_CO_TRY(co_await clock_.sleep_for(1s));
      GANTRY_CO_TRY(co_await during());
      co_return co_await group.join();
    };
    const auto done = run(body());
    EXPECT_TRUE(done.ok()) << done;
    for (const auto& line : split(rest, '\n')) {
      if (line.empty()) continue;
      const auto event = *schema::parse_json(line);
      seen.push_back(event.string_or("type", "") + " " +
                     text(event, {"object", "metadata", "name"}));
    }
    return seen;
  }
  Async<Status> create(std::string name) {
    auto body = *schema::parse_json(kHello);
    body.member("metadata").set("name", name);
    body.member("metadata").set("namespace", "default");
    auto made = co_await store_.create("apps.gantry.dev", std::move(body));
    co_return made.status();
  }
};

TEST_F(WatchTest, ShowsTheStateThenChanges) {
  (void)call("POST", kApps, kHello);
  const auto seen = watch("", [&] { return create("second"); });
  EXPECT_THAT(seen, ElementsAre("ADDED hello", "ADDED second"));
}

TEST_F(WatchTest, MarksTheEndOfTheInitialEvents) {
  (void)call("POST", kApps, kHello);
  const auto seen =
      watch("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
            [&] { return create("second"); });
  EXPECT_THAT(seen, ElementsAre("ADDED hello", "BOOKMARK ", "ADDED second", "BOOKMARK "));
}

TEST_F(WatchTest, AnObjectThatLeavesTheSelectionIsDeleted) {
  (void)call("POST", kApps, kHello);
  const auto change = [&]() -> Async<Status> {
    const store::Key key{"apps.gantry.dev", "default", "hello"};
    auto value = (*store_.get(key))->value;
    value.member("metadata").member("labels").set("x", "y");
    auto written = co_await store_.update("apps.gantry.dev", store::Part::main, std::move(value));
    co_return written.status();
  };
  EXPECT_THAT(watch("&labelSelector=!x", change), ElementsAre("ADDED hello", "DELETED hello"));
}

}  // namespace
}  // namespace gantry::apiserver
