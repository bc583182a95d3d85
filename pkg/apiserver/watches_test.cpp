// Watches in the exact forms that clients see.
#include "pkg/apiserver/testing.h"
#include "pkg/async/deadline.h"
#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";
constexpr const char* kTableAccepted = "application/json;as=Table;v=v1;g=meta.k8s.io";

class WatchesTest : public ServerTest {
 protected:
  Async<Status> put(std::string name, std::string label) {
    Json map;
    map.set("apiVersion", "v1");
    map.set("kind", "ConfigMap");
    auto& metadata = map.member("metadata");
    metadata.set("name", name);
    metadata.set("namespace", "default");
    metadata.member("labels").set("l", label);
    const store::Key key{"configmaps", "default", name};
    const bool there = store_.get(key).ok();
    auto writing = there ? store_.update("configmaps", store::Part::whole, std::move(map))
                         : store_.create("configmaps", std::move(map));
    auto written = co_await std::move(writing);
    co_return written.status();
  }

  http::Request watching(const std::string& query, const std::string& accept) {
    http::Request request;
    request.target = std::string(kMaps) + "?watch=true&" + query;
    request.headers["Authorization"] = "Bearer " + token_;
    request.headers["Accept"] = accept;
    return request;
  }

  // All lines of a watch to its end, while `during` runs.
  std::vector<std::string> lines(const std::string& query, std::function<Async<Status>()> during,
                                 const std::string& accept = "application/json") {
    std::string text;
    async::Group group(loop_.executor());
    group.spawn("watch", [&]() -> Async<Status> {
      auto request = watching(query, accept);
      auto on_head = [&](const http::Response& response) {
        status_ = response.status;
        return Status();
      };
      auto on_chunk = [&](std::string_view chunk) {
        text += chunk;
        return Status();
      };
      auto answer = co_await client_->stream(std::move(request), on_head, on_chunk);
      co_return answer.status();
    });
    if (during) group.spawn("during", during);
    EXPECT_TRUE(run(group.join()).ok());
    auto found = split(text, '\n');
    EXPECT_EQ(found.back(), "") << "every event ends its line";
    found.pop_back();
    return found;
  }
  // "ADDED a", "BOOKMARK 7 (end)".
  std::vector<std::string> told(const std::vector<std::string>& lines) {
    std::vector<std::string> events;
    for (const auto& line : lines) {
      const auto event = *schema::parse_json(line);
      const auto type = event.string_or("type", "");
      const auto& object = *event.find("object");
      if (type == "BOOKMARK")
        events.push_back(type + " " + text(object, {"metadata", "resourceVersion"}) +
                         (line.find("initial-events-end") == std::string::npos ? "" : " (end)"));
      else
        events.push_back(type + " " + text(object, {"metadata", "name"}));
    }
    return events;
  }
  std::string now() const { return std::to_string(store_.revision()); }

  int status_ = 0;
};

TEST_F(WatchesTest, BookmarksComeEveryMinuteAndBeforeTheEnd) {
  ASSERT_TRUE(run(put("a", "x")).ok());
  const auto version = now();
  const auto seen =
      lines("resourceVersion=" + version + "&allowWatchBookmarks=true&timeoutSeconds=150", nullptr);
  const auto bookmark = R"({"type":"BOOKMARK","object":{"apiVersion":"v1","kind":"ConfigMap",)"
                        R"("metadata":{"resourceVersion":")" +
                        version + "\"}}}";
  EXPECT_THAT(seen, ElementsAre(bookmark, bookmark, bookmark));
  EXPECT_THAT(lines("resourceVersion=" + version + "&timeoutSeconds=150", nullptr), ElementsAre())
      << "not asked for";
}

TEST_F(WatchesTest, EndsWhenTheTimeIsOver) {
  const auto began = clock_.now();
  EXPECT_THAT(lines("timeoutSeconds=7", nullptr), ElementsAre());
  EXPECT_EQ(clock_.now() - began, 7s);
}

TEST_F(WatchesTest, AnOldVersionIsToldAsKubernetesTellsIt) {
  ASSERT_TRUE(run(put("a", "x")).ok());
  const auto then = now();
  ASSERT_TRUE(run(put("a", "y")).ok());
  disk_.trim_feed(disk_.image.revision);
  clock_.advance(1h);
  ASSERT_TRUE(run(put("b", "y")).ok());
  const auto status = "{\"apiVersion\":\"v1\",\"code\":410,\"kind\":\"Status\",\"message\":\"" +
                      std::string("too old resource version: ") + then + " (" + now() +
                      ")\",\"metadata\":{},\"reason\":\"Expired\",\"status\":\"Failure\"}";
  EXPECT_THAT(lines("resourceVersion=" + then, nullptr),
              ElementsAre("{\"type\":\"ERROR\",\"object\":" + status + "}"));
  EXPECT_EQ(status_, 200);
}

TEST_F(WatchesTest, GoesOnFromLongAgoAsTheFeedIsKept) {
  ASSERT_TRUE(run(put("a", "x")).ok());
  const auto then = now();
  ASSERT_TRUE(run(put("b", "x")).ok());
  ASSERT_TRUE(run(put("a", "y")).ok());
  clock_.advance(1h);  // out of the window, but not out of the feed
  ASSERT_TRUE(run(put("c", "x")).ok());
  const auto query = "timeoutSeconds=5&resourceVersion=" + then;
  EXPECT_THAT(told(lines(query, nullptr)), ElementsAre("ADDED b", "MODIFIED a", "ADDED c"));
  EXPECT_THAT(told(lines(query + "&labelSelector=l%3Dx", nullptr)),
              ElementsAre("ADDED b", "DELETED a", "ADDED c"));
}

TEST_F(WatchesTest, AVersionThatIsNotThereYetIsWaitedForAMoment) {
  const auto next = std::to_string(store_.revision() + 1);
  const auto during = [&]() -> Async<Status> {
    GANTRY_CO_TRY(co_await clock_.sleep_for(1s));
    GANTRY_CO_TRY(co_await put("a", "x"));
    GANTRY_CO_TRY(co_await put("b", "x"));
    co_return Status();
  };
  EXPECT_THAT(told(lines("timeoutSeconds=9&resourceVersion=" + next, during)),
              ElementsAre("ADDED b"));
  const auto refused = lines("resourceVersion=99999", nullptr);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_THAT(refused[0], HasSubstr("\"code\":410"));
}

TEST_F(WatchesTest, TheInitialStateEndsWithItsBookmark) {
  ASSERT_TRUE(run(put("a", "x")).ok());
  ASSERT_TRUE(run(put("b", "y")).ok());
  const std::string initial =
      "timeoutSeconds=5&allowWatchBookmarks=true&sendInitialEvents=true&"
      "resourceVersionMatch=NotOlderThan";
  const auto end = "BOOKMARK " + now() + " (end)";
  EXPECT_THAT(told(lines(initial, nullptr)),
              ElementsAre("ADDED a", "ADDED b", end, "BOOKMARK " + now()));
  EXPECT_THAT(told(lines(initial + "&labelSelector=l%3Dy&resourceVersion=" + now(), nullptr)),
              ElementsAre("ADDED b", end, "BOOKMARK " + now()));
  EXPECT_THAT(told(lines("timeoutSeconds=5&allowWatchBookmarks=true&resourceVersion=0", nullptr)),
              ElementsAre("ADDED a", "ADDED b", end, "BOOKMARK " + now()));
  const auto during = [&]() -> Async<Status> { co_return co_await put("c", "x"); };
  EXPECT_THAT(told(lines("timeoutSeconds=5&sendInitialEvents=false&resourceVersion=0&"
                         "resourceVersionMatch=NotOlderThan",
                         during)),
              ElementsAre("ADDED c"));
  const auto refused = call("GET", std::string(kMaps) + "?watch=true&sendInitialEvents=true");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(text(json(refused), {"details", "group"}), "meta.k8s.io");
  EXPECT_EQ(text(json(refused), {"details", "kind"}), "ListOptions");
}

TEST_F(WatchesTest, ATableSendsItsColumnsOnce) {
  ASSERT_TRUE(run(put("a", "x")).ok());
  const auto during = [&]() -> Async<Status> { co_return co_await put("a", "y"); };
  const auto seen = lines("timeoutSeconds=5", during, kTableAccepted);
  ASSERT_EQ(seen.size(), 2U);
  const auto first = *schema::parse_json(seen[0]);
  const auto second = *schema::parse_json(seen[1]);
  EXPECT_THAT(seen[0], StartsWith(R"({"type":"ADDED","object":{"kind":"Table",)"));
  EXPECT_GT(first.find_path({"object", "columnDefinitions"})->size(), 1U);
  EXPECT_EQ(second.string_or("type", ""), "MODIFIED");
  EXPECT_TRUE(second.find_path({"object", "columnDefinitions"})->is_null());
  EXPECT_EQ(text(second, {"object", "metadata", "resourceVersion"}), now());
  EXPECT_EQ(second.find_path({"object", "rows"})->as_array().at(0).find("cells")->size(),
            first.find_path({"object", "columnDefinitions"})->size());
}

TEST_F(WatchesTest, AClientHasOnlySoManyWatches) {
  ServerOptions few;
  few.watches_per_user = 1;
  metrics::prometheus::Registry metrics;
  Server server(store_, clock_, metrics, few);
  const auto client = http::memory::make_client(clock_, server);
  async::Group group(loop_.executor());
  group.spawn("first", [&]() -> Async<Status> {
    auto request = watching("timeoutSeconds=60", "application/json");
    auto answer = co_await client->send(std::move(request), 90s);
    EXPECT_EQ(answer->status, 200);
    co_return Status();
  });
  group.spawn("second", [&]() -> Async<Status> {
    GANTRY_CO_TRY(co_await clock_.sleep_for(1s));
    auto request = watching("timeoutSeconds=60", "application/json");
    auto answer = co_await client->send(std::move(request), 90s);
    EXPECT_EQ(answer->status, 429);
    EXPECT_EQ(answer->headers.count("Retry-After"), 1U);
    GANTRY_CO_TRY(co_await clock_.sleep_for(90s));
    auto again = watching("timeoutSeconds=60", "application/json");
    answer = co_await client->send(std::move(again), 90s);
    EXPECT_EQ(answer->status, 200) << "the first one has ended";
    co_return Status();
  });
  EXPECT_TRUE(run(group.join()).ok());
}

}  // namespace
}  // namespace gantry::apiserver
