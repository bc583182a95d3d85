#pragma once
// Commands: the commands over the API server and a store in memory. For tests only.
#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/watching.h"
#include "pkg/apiserver/authn/token_secret.h"
#include "pkg/apiserver/server.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/http/memory/client.h"
#include "pkg/metrics/prometheus/registry.h"
#include "pkg/schema/json.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/memory/memory.h"

namespace gantry::ctl {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Commands : public ::testing::Test {
 protected:
  Commands()
      : disk_(clock_),
        database_(disk_),
        store_(loop_.executor(), database_.backend(), clock_, random_),
        server_(store_, clock_, metrics_, {"0.1.0", {}, {}}),
        client_(http::memory::make_client(clock_, server_)) {
    EXPECT_THAT(run(store_.start()), IsOk());
    put("namespaces", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})");
    auto issued = apiserver::issue_token(random_, "admin", {"admin", {"system:masters"}}, {});
    EXPECT_THAT(run(store_.create("secrets", std::move(issued.secret))).status(), IsOk());
    token_ = issued.token;
    api_ = std::make_unique<ApiClient>(*client_, token_);
    session_ = std::make_unique<Session>(Session{
        *api_,
        clock_,
        "default",
        false,
        make_watch(*client_, token_),
        [this](const std::string& text) { printed_.push_back(text); },
        [this](const std::string& text) { noted_.push_back(text); },
        {},
        [this](bool is_stderr, std::string_view bytes) { (is_stderr ? err_ : out_) += bytes; }});
  }
  ~Commands() override { (void)run(store_.stop()); }

  template <class T>
  T run(Async<T> operation) {
    return loop_.block_on(clock_, std::move(operation));
  }
  void put(const std::string& resource, const std::string& text) {
    EXPECT_THAT(run(store_.create(resource, *schema::parse_json(text))).status(), IsOk());
  }
  void put_config_map(const std::string& name) {
    put("configmaps", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"default",)"
                      R"("name":")" +
                          name + "\"}}");
  }
  // A Machine whose condition Ready is `status`.
  void put_machine(const std::string& name, const std::string& status) {
    put("machines.gantry.dev",
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"Machine","metadata":{"namespace":"default",)"
        R"("name":")" +
            name +
            R"("},"spec":{"machineClassName":"small"},"status":{"conditions":[{"type":"Ready",)"
            R"("status":")" +
            status +
            R"(","reason":"R","message":"why","observedGeneration":1,)"
            R"("lastTransitionTime":"2026-01-01T00:00:00Z"}]}})");
  }
  std::vector<Where> places(const std::vector<std::string>& words) {
    auto parsed = parse_places(*session_, words);
    EXPECT_THAT(parsed.status(), IsOk());
    return *parsed;
  }
  Where place(const std::string& word) { return places({word}).front(); }
  Json object(const std::string& resource, const std::string& name) {
    const auto found = store_.get({resource, "default", name});
    EXPECT_THAT(found.status(), IsOk());
    return found.ok() ? (*found)->value : Json::object();
  }
  // Somebody's hand in the store, as a controller's: changes the object at that time.
  Async<Status> later(Duration after, store::Resource resource, std::string name,
                      std::function<void(Json&)> change) {
    GANTRY_CO_TRY(co_await clock_.sleep_for(after));
    const auto found = store_.get({resource, "default", name});
    if (!found.ok()) co_return found.status();
    Json value = (*found)->value;
    value.member("metadata").erase("resourceVersion");
    change(value);
    const auto written = co_await store_.update(resource, store::Part::whole, std::move(value));
    co_return written.status();
  }
  Status get(const std::vector<std::string>& words, const std::string& output) {
    GetOptions options;
    options.output = output;
    return run(ctl::get(*session_, places(words), options));
  }
  Status wait(const std::vector<std::string>& words, const std::string& what) {
    return run(wait_for(*session_, places(words), what, 10s));
  }

  async::Loop loop_;
  async::SimulatedClock clock_{*from_rfc3339("2026-01-01T00:00:00Z")};
  SeededRandom random_{1};
  store::memory::Disk disk_;
  store::memory::Database database_;
  store::CachedStore store_;
  metrics::prometheus::Registry metrics_;
  apiserver::Server server_;
  std::unique_ptr<http::StreamingClient> client_;
  std::unique_ptr<ApiClient> api_;
  std::unique_ptr<Session> session_;
  std::vector<std::string> printed_, noted_;
  std::string out_, err_;
  std::string token_;
};

}  // namespace gantry::ctl
