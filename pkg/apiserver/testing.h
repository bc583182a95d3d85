#pragma once
// ServerTest: the server over the memory store, spoken to as a client speaks. For tests only.
#include "pkg/apiserver/authz/defaults.h"
#include "pkg/apiserver/server.h"
#include "pkg/async/group.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/http/memory/client.h"
#include "pkg/metrics/prometheus/registry.h"
#include "pkg/schema/json.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::apiserver {

inline constexpr const char* kApps = "/apis/gantry.dev/v1alpha1/namespaces/default/apps";
inline constexpr const char* kHello = R"({
  "apiVersion": "gantry.dev/v1alpha1", "kind": "App", "metadata": {"name": "hello"},
  "spec": {"machineClassName": "small",
           "workload": {"service": {"packages": ["nginx-light"], "unit": "nginx.service"}},
           "ports": [{"name": "http", "port": 80}]}})";

class ServerTest : public ::testing::Test {
 protected:
  ServerTest()
      : disk_(clock_),
        database_(disk_),
        store_(loop_.executor(), database_.backend(), clock_, random_),
        server_(store_, clock_, metrics_, {"0.1.0", {}, {}}),
        client_(http::memory::make_client(clock_, server_)) {
    EXPECT_TRUE(run(store_.start()).ok());
    for (const auto* name : {"default", "gantry-system"})
      EXPECT_TRUE(run(store_.create(
                          "namespaces",
                          *schema::parse_json(absl::StrFormat(
                              R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"%s"}})",
                              std::string(name)))))
                      .ok());
    EXPECT_TRUE(run(ensure_default_roles(store_)).ok());
    token_ = add_token("admin", std::string(kAdminGroup), std::nullopt);
  }
  ~ServerTest() override { (void)run(store_.stop()); }

  template <class T>
  T run(Async<T> operation) {
    return loop_.block_on(clock_, std::move(operation));
  }

  std::string add_token(const std::string& name, const std::string& group,
                        std::optional<Time> expires) {
    auto issued = issue_token(random_, name, {name, {group}}, expires);
    EXPECT_TRUE(run(store_.create("secrets", std::move(issued.secret))).ok());
    return issued.token;
  }

  http::Request request(const std::string& method, const std::string& target,
                        const std::string& body = "", const std::string& type = "application/json",
                        const std::string& accept = "application/json") {
    http::Request request;
    request.method = method;
    request.target = target;
    request.body = body;
    request.headers["Authorization"] = "Bearer " + token_;
    request.headers["Content-Type"] = type;
    request.headers["Accept"] = accept;
    request.headers["User-Agent"] = agent_;
    return request;
  }
  http::Response call(const std::string& method, const std::string& target,
                      const std::string& body = "", const std::string& type = "application/json",
                      const std::string& accept = "application/json") {
    auto asked = request(method, target, body, type, accept);
    auto response = run(client_->send(std::move(asked), std::chrono::seconds(30)));
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : http::Response();
  }
  // All are under way before the first of them is stored.
  std::vector<http::Response> together(const std::vector<http::Request>& requests) {
    disk_.latency = std::chrono::milliseconds(10);
    std::vector<http::Response> responses(requests.size());
    async::Group group(loop_.executor());
    for (size_t i = 0; i < requests.size(); ++i)
      group.spawn("request", [&, i]() -> Async<Status> {
        auto response = co_await client_->send(requests[i], std::chrono::seconds(30));
        if (response.ok()) responses[i] = *std::move(response);
        co_return response.status();
      });
    EXPECT_TRUE(run(group.join()).ok());
    disk_.latency = {};
    return responses;
  }
  Json json(const http::Response& response) {
    auto parsed = schema::parse_json(response.body);
    EXPECT_TRUE(parsed.ok()) << response.body;
    return parsed.ok() ? *parsed : Json();
  }
  std::string text(const Json& object, std::initializer_list<std::string_view> path) {
    const auto* found = object.find_path(path);
    return found != nullptr && found->is_string() ? found->as_string() : "";
  }

  async::Loop loop_;
  async::SimulatedClock clock_{*from_rfc3339("2026-01-01T00:00:00Z")};
  SeededRandom random_{1};
  store::memory::Disk disk_;
  store::memory::Database database_;
  store::CachedStore store_;
  metrics::prometheus::Registry metrics_;
  Server server_;
  std::unique_ptr<http::StreamingClient> client_;
  std::string token_;
  std::string agent_ = "curl/7.88.1";
};

}  // namespace gantry::apiserver
