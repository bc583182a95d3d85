// The commands over the API server and a store in memory.
#include "cmd/gantryctl/commands.h"

#include "api/kinds.h"
#include "cmd/gantryctl/testing.h"
#include "pkg/async/deadline.h"
#include "pkg/base/text.h"

namespace gantry::ctl {
namespace {

using ::testing::AnyOf;
using ::testing::Not;

TEST_F(Commands, SeveralKindsAreOneListOfJson) {
  put_config_map("a");
  put_machine("m", "True");
  ASSERT_THAT(get({"configmaps,machines"}, "json"), IsOk());
  ASSERT_EQ(printed_.size(), 1U);
  const auto list = schema::parse_json(printed_[0]);
  ASSERT_THAT(list.status(), IsOk());
  EXPECT_EQ(list->string_or("kind", ""), "List");
  const auto& items = list->find("items")->as_array();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].string_or("kind", ""), "ConfigMap");
  EXPECT_EQ(items[1].string_or("kind", ""), "Machine");
}

TEST_F(Commands, OneObjectIsNoList) {
  put_config_map("a");
  ASSERT_THAT(get({"configmap/a"}, "json"), IsOk());
  EXPECT_EQ(schema::parse_json(printed_.at(0))->string_or("kind", ""), "ConfigMap");
}

TEST_F(Commands, WhatIsThereIsShownAlsoWhenSomethingIsNot) {
  put_config_map("a");
  EXPECT_THAT(get({"configmap/none", "configmap/a"}, "name"),
              Fails(ErrorClass::not_found, HasSubstr("none")));
  EXPECT_THAT(printed_, ElementsAre("configmap/a"));
}

TEST_F(Commands, WhatIsOldIsShownWithAWarningOnce) {
  put_config_map("a");
  std::vector<std::string> warnings;
  api_->on_warning([&warnings](const std::string& text) { warnings.push_back(text); });
  disk_.down = true;
  const auto refused = run(store_.create("configmaps", *schema::parse_json(R"({"apiVersion":"v1",
      "kind":"ConfigMap","metadata":{"namespace":"default","name":"b"}})")));
  EXPECT_THAT(refused, Fails(ErrorClass::transport));
  EXPECT_THAT(get({"configmaps"}, "json"), IsOk());
  EXPECT_THAT(get({"configmaps"}, "json"), IsOk());
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("the database takes no writes since")));
}

TEST_F(Commands, TablesOfSeveralKindsStandApart) {
  put_config_map("a");
  put_machine("m", "True");
  ASSERT_THAT(get({"configmaps,machines"}, ""), IsOk());
  ASSERT_EQ(printed_.size(), 3U);
  EXPECT_THAT(printed_[0], HasSubstr("NAME"));
  EXPECT_EQ(printed_[1], "");
  EXPECT_THAT(printed_[2], HasSubstr("POWER"));
}

TEST_F(Commands, ARefusedManifestHasALineAField) {
  auto manifests = parse_manifests(
      "apiVersion: gantry.dev/v1alpha1\nkind: App\nmetadata: {name: bad}\n"
      "spec: {machineClassName: small, replicas: 3000, suspent: true,\n"
      "       workload: {service: {unit: a.service}}}\n",
      "x.yaml");
  ASSERT_THAT(manifests.status(), IsOk());
  const auto refused = run(apply(*session_, *manifests, false));
  EXPECT_FALSE(could_not_ask(refused));
  EXPECT_THAT(message_of(refused),
              AllOf(HasSubstr("x.yaml:1"), HasSubstr("is invalid:\n  spec.replicas: "),
                    HasSubstr("\n  spec.suspent: ")));
}

TEST_F(Commands, WaitsForConditions) {
  put_machine("up", "True");
  put_machine("lost", "Unknown");
  EXPECT_THAT(wait({"machine/up"}, "condition=Ready"), IsOk());
  EXPECT_THAT(wait({"machine/lost"}, "condition=Ready=unknown"), IsOk());
  EXPECT_THAT(printed_, ElementsAre("machine.gantry.dev/up condition met",
                                    "machine.gantry.dev/lost condition met"));
  const auto late = wait({"machine/up", "machine/lost"}, "condition=Ready");
  EXPECT_THAT(late, Fails(ErrorClass::remote, AllOf(HasSubstr("timed out"), HasSubstr("lost"),
                                                    HasSubstr("Ready is Unknown, R: why"))));
  EXPECT_FALSE(could_not_ask(late));
  EXPECT_THAT(wait({"machine/none"}, "condition=Ready"),
              Fails(ErrorClass::not_found, HasSubstr("none")));
  EXPECT_THAT(wait({"machine/up"}, "Ready"), Fails(ErrorClass::invalid, HasSubstr("--for=Ready")));
}

TEST_F(Commands, WaitsForDeletion) {
  EXPECT_THAT(wait({"machine/none"}, "delete"), IsOk());
  put_machine("up", "True");
  EXPECT_THAT(wait({"machine/up"}, "delete"),
              Fails(ErrorClass::remote, HasSubstr("timed out waiting for machine.gantry.dev/up")));
  async::Group group(loop_.executor());
  group.spawn("delete", [this]() -> Async<Status> {
    GANTRY_CO_TRY(co_await clock_.sleep_for(3s));
    const store::Key key{"machines.gantry.dev", "default", "up"};
    const store::Precondition any;
    auto removed = co_await store_.remove(key, any);
    co_return removed.status();
  });
  EXPECT_THAT(wait({"machine/up"}, "delete"), IsOk());
  EXPECT_THAT(run(group.join()), IsOk());
}

// A server that cannot serve for a while, as when it is started again.
class Restarting final : public http::Handler {
 public:
  Restarting(http::Handler& inner, async::Clock& clock) : inner_(inner), clock_(clock) {}
  void away_for(Duration after, Duration time) {
    from_ = clock_.now() + after;
    until_ = from_ + time;
  }
  Async<std::optional<http::Response>> handle(http::Request request, http::Peer peer,
                                              http::ResponseStream& stream) override {
    if (clock_.now() >= from_ && clock_.now() < until_) {
      http::Response unavailable;
      unavailable.status = 503;
      co_return unavailable;
    }
    auto answer = co_await inner_.handle(std::move(request), std::move(peer), stream);
    co_return answer;
  }

 private:
  http::Handler& inner_;
  async::Clock& clock_;
  Time from_, until_;
};

TEST_F(Commands, WhoWaitsOutlivesARestart) {
  Restarting server(server_, clock_);
  const auto client = http::memory::make_client(clock_, server);
  ApiClient api(*client, token_);
  Session session{api,
                  clock_,
                  "default",
                  false,
                  make_watch(*client, token_),
                  [this](const std::string& text) { printed_.push_back(text); },
                  [this](const std::string& text) { noted_.push_back(text); }};
  put_machine("m", "False");
  async::Group group(loop_.executor());
  group.spawn("ready", [this] {
    return later(8s, "machines.gantry.dev", "m", [](Json& machine) {
      machine.member("status").find("conditions")->as_array()[0].set("status", "True");
    });
  });
  server.away_for(2s, 4s);
  EXPECT_THAT(run(wait_for(session, places({"machine/m"}), "condition=Ready", 60s)), IsOk());
  EXPECT_THAT(run(group.join()), IsOk());
  EXPECT_THAT(noted_, ElementsAre("gantryd does not answer; waiting for it"));

  server.away_for(1s, 4s);
  EXPECT_THAT(run(wait_for(session, places({"machine/m"}), "condition=Other", 3s)),
              Fails(ErrorClass::transport));
  server.away_for(0s, 4s);  // who never was answered
  EXPECT_THAT(run(wait_for(session, places({"machine/m"}), "condition=Ready", 60s)),
              Fails(ErrorClass::transport));
  clock_.advance(10s);
  server.away_for(1s, 4s);
  EXPECT_THAT(run(follow_progress(session, places({"machine/m"}), 60s)), IsOk());

  // What was asked for is under way: the answer to the delete is the last for a while.
  put("configmaps", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"default",)"
                    R"("name":"kept","finalizers":["test/hold"]}})");
  async::Group releases(loop_.executor());
  releases.spawn("release", [this] {
    return later(6s, "configmaps", "kept",
                 [](Json& object) { object.member("metadata").erase("finalizers"); });
  });
  server.away_for(1ms, 4s);
  DeleteOptions options;
  options.wait = 60s;
  EXPECT_THAT(run(remove(session, places({"configmap/kept"}), options)), IsOk());
  EXPECT_THAT(run(releases.join()), IsOk());
}

// What somebody else put into a Secret is not ours to remove.
TEST_F(Commands, ApplyLeavesTheKeysOfASecretThatItNeverSet) {
  const auto apply_text = [this](const std::string& data) {
    auto manifests = parse_manifests(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n" + data + "\n", "s.yaml");
    EXPECT_THAT(manifests.status(), IsOk());
    EXPECT_THAT(run(ctl::apply(*session_, *manifests, false)), IsOk());
    return printed_.back();
  };
  const auto keys = [this] {
    std::vector<std::string> names;
    for (const auto& [key, value] : object("secrets", "s").find("data")->as_object())
      names.push_back(key);
    return names;
  };
  EXPECT_EQ(apply_text("stringData: {a: one, b: two}"), "secret/s created");
  EXPECT_EQ(apply_text("stringData: {a: one, b: two}"), "secret/s unchanged");
  Json secret = object("secrets", "s");
  secret.member("metadata").erase("resourceVersion");
  secret.member("data").set("theirs", base64_encode("three"));
  EXPECT_THAT(run(store_.update("secrets", store::Part::whole, secret)).status(), IsOk());
  EXPECT_EQ(apply_text("data: {a: " + base64_encode("new") + "}"), "secret/s configured");
  EXPECT_THAT(keys(), ElementsAre("a", "theirs"));
  const auto text = schema::to_json(*object("secrets", "s").find("metadata"));
  for (const char* value : {"one", "new"})
    EXPECT_THAT(text, Not(AnyOf(HasSubstr(value), HasSubstr(base64_encode(value)))));
}

TEST_F(Commands, AWatchOfYamlParts) {
  put_machine("m", "True");
  async::Group group(loop_.executor());
  group.spawn("change", [this] {
    return later(1s, "machines.gantry.dev", "m",
                 [](Json& machine) { machine.member("status").set("power", "stopped"); });
  });
  GetOptions options;
  options.watch = true;
  options.output = "yaml";
  auto shown = places({"machine/m"});
  auto watching = [&]() -> Async<Status> {
    auto operation = ctl::get(*session_, shown, options);
    co_return co_await async::with_deadline(clock_, 10s, "watch", std::move(operation));
  };
  EXPECT_THAT(run(watching()), Fails(ErrorClass::timeout));
  EXPECT_THAT(run(group.join()), IsOk());
  ASSERT_EQ(printed_.size(), 2U);
  EXPECT_THAT(printed_[0], ::testing::StartsWith("apiVersion"));
  EXPECT_THAT(printed_[1], ::testing::StartsWith("---\napiVersion"));
}

TEST_F(Commands, AWatchShowsALineOnlyWhenItSaysSomethingNew) {
  put_machine("m", "True");
  const auto object = (*store_.get({"machines.gantry.dev", "default", "m"}))->value;
  async::Group group(loop_.executor());
  group.spawn("changes", [this, object]() -> Async<Status> {
    std::vector<Json> versions(2, object);
    versions[0].member("status").set("uptimeSeconds", 7);
    versions[1].member("status").set("power", "stopped");
    for (auto& version : versions) {
      version.member("metadata").erase("resourceVersion");
      GANTRY_CO_TRY(co_await clock_.sleep_for(1s));
      const store::Resource machines = "machines.gantry.dev";
      auto updated = co_await store_.update(machines, store::Part::status, std::move(version));
      if (!updated.ok()) co_return updated.status();
    }
    const store::Key key{"machines.gantry.dev", "default", "m"};
    const store::Precondition any;
    auto removed = co_await store_.remove(key, any);
    co_return removed.status();
  });
  auto shown = places({"machines"});
  GetOptions options;
  options.watch = true;
  auto watching = [&]() -> Async<Status> {
    auto operation = ctl::get(*session_, shown, options);
    co_return co_await async::with_deadline(clock_, 10s, "watch", std::move(operation));
  };
  EXPECT_THAT(run(watching()), Fails(ErrorClass::timeout, HasSubstr("watch")));
  EXPECT_THAT(run(group.join()), IsOk());
  ASSERT_EQ(printed_.size(), 3U);  // as it is, stopped, gone
  EXPECT_THAT(printed_[1], HasSubstr("stopped"));
}

// A watch that is cut after each event, as when gantryd is started again.
TEST_F(Commands, AWatchThatIsCutGoesOnWhereItWas) {
  const auto whole = session_->watch;
  session_->watch = [&](std::string path, std::string accept,
                        std::function<bool(const Json&)> on_event) -> Async<Status> {
    auto once = [on_event](const Json& event) {
      (void)on_event(event);
      return false;
    };
    GANTRY_CO_TRY(co_await whole(std::move(path), std::move(accept), once));
    co_return make_error(ErrorClass::transport, "read: stream truncated");
  };
  for (const char* name : {"a", "b", "c"}) put_config_map(name);
  std::vector<std::string> seen;
  const std::function<bool(const std::string&, const Json&)> on_change =
      [&seen](const std::string& type, const Json& object) {
        seen.push_back(type + " " + meta_text(object, "name"));
        return seen.size() < 3;
      };
  Where where;
  where.kind = api::find_by_resource("configmaps");
  where.ns = "default";
  const auto revision = std::to_string(store_.revision() - 2);
  async::Group group(loop_.executor());
  group.spawn("later", [this]() -> Async<Status> {
    GANTRY_CO_TRY(co_await clock_.sleep_for(30s));
    auto object = *schema::parse_json(
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"default","name":"d"}})");
    auto created = co_await store_.create("configmaps", std::move(object));
    co_return created.status();
  });
  EXPECT_THAT(run(follow(*session_, path_of(where), kJson, revision, on_change)), IsOk());
  EXPECT_THAT(run(group.join()), IsOk());
  EXPECT_THAT(seen, ElementsAre("ADDED b", "ADDED c", "ADDED d"));
  EXPECT_THAT(noted_, ElementsAre("gantryd has ended the watch; reconnecting"));
}

// An App whose first revision had another file, a variable and no probe.
constexpr const char* kApp = R"({
  "apiVersion":"gantry.dev/v1alpha1","kind":"App","metadata":{"name":"wiki","namespace":"default"},
  "spec":{"machineClassName":"small","replicas":2,
    "workload":{"compose":{"inline":"services: {web: {image: wiki}}"}},
    "health":{"http":{"path":"/","port":80}}},
  "status":{"revision":"bbbb","currentRevision":"bbbb","revisions":[
    {"number":1,"revision":"aaaa","state":"Superseded","createdAt":"2026-01-01T00:00:00Z",
     "images":[{"service":"web","image":"wiki:1","digest":"sha256:11"}],
     "snapshots":[{"machine":"wiki-0","name":"gantry-r1-7","createdAt":"2026-01-02T00:00:00Z"},
                  {"machine":"wiki-1","message":"storage local cannot"}]},
    {"number":2,"revision":"bbbb","state":"Good","createdAt":"2026-01-02T00:00:00Z"}]}})";
constexpr const char* kFirst =
    R"({"workload":{"service":{"unit":"wiki.service"}},"env":[{"name":"A","value":"b"}]})";

TEST_F(Commands, HistoryTellsWhatRunsAndWhatIsAskedFor) {
  put("apps.gantry.dev", kApp);
  EXPECT_THAT(run(history(*session_, place("app/wiki"))), IsOk());
  EXPECT_THAT(printed_,
              ElementsAre(HasSubstr("REVISION"),
                          AllOf(HasSubstr("1 "), HasSubstr("Superseded"), HasSubstr("aaaa")),
                          HasSubstr("web: wiki:1 sha256:11"),
                          HasSubstr("wiki-0: snapshot gantry-r1-7 of 2026-01-02T00:00:00Z"),
                          HasSubstr("wiki-1: no snapshot: storage local cannot"),
                          HasSubstr("bbbb  <- runs  <- asked for")));
}

RollbackOptions to(int64_t number) {
  RollbackOptions options;
  options.number = number;
  return options;
}

TEST_F(Commands, RollbackPutsBackWhatARevisionHadAndNothingElse) {
  put("apps.gantry.dev", kApp);
  put("secrets",
      R"({"apiVersion":"v1","kind":"Secret","type":"gantry.dev/app-revision","metadata":)"
      R"({"name":"wiki.r1","namespace":"default"},"data":{"spec":")" +
          base64_encode(kFirst) + "\"}}");
  EXPECT_THAT(run(rollback(*session_, place("app/wiki"), to(1))), IsOk());
  const auto spec = *object("apps.gantry.dev", "wiki").find("spec");
  EXPECT_EQ(spec.integer_or("replicas", 0), 2);
  EXPECT_EQ(spec.find("health"), nullptr);
  EXPECT_EQ(spec.find("workload")->find("compose"), nullptr);
  EXPECT_EQ(spec.find_path({"workload", "service", "unit"})->as_string(), "wiki.service");
  EXPECT_THAT(run(rollback(*session_, place("app/wiki"), to(1))), IsOk());
  EXPECT_THAT(printed_.back(), HasSubstr("asks for revision 1 already"));
  EXPECT_THAT(run(rollback(*session_, place("app/wiki"), to(7))),
              Fails(ErrorClass::not_found, HasSubstr("revision 7")));
  EXPECT_THAT(run(history(*session_, place("machine/wiki"))), Fails(ErrorClass::invalid));
}

TEST_F(Commands, DataGoesBackOnlyWhenAPersonAgrees) {
  put("apps.gantry.dev", kApp);
  put("secrets",
      R"({"apiVersion":"v1","kind":"Secret","type":"gantry.dev/app-revision","metadata":)"
      R"({"name":"wiki.r1","namespace":"default"},"data":{"spec":")" +
          base64_encode(kFirst) + "\"}}");
  auto options = to(1);
  options.data = true;
  EXPECT_THAT(run(rollback(*session_, place("app/wiki"), options)),
              Fails(ErrorClass::held, HasSubstr("--yes")));
  std::string asked;
  session_->agree = [&asked](const std::string& question) {
    asked = question;
    return asked.empty();
  };
  EXPECT_THAT(run(rollback(*session_, place("app/wiki"), options)), Fails(ErrorClass::held));
  EXPECT_NE(asked, "");
  EXPECT_EQ(object("apps.gantry.dev", "wiki").find("spec")->find("restore"), nullptr);
  EXPECT_THAT(printed_.back(),
              AllOf(HasSubstr("wiki-0: snapshot gantry-r1-7"), HasSubstr("is kept aside"),
                    HasSubstr("wiki-1: no snapshot: storage local cannot")));
  options.yes = true;
  EXPECT_THAT(run(rollback(*session_, place("app/wiki"), options)), IsOk());
  const auto spec = *object("apps.gantry.dev", "wiki").find("spec");
  EXPECT_EQ(spec.find("restore")->integer_or("revision", 0), 1);
  EXPECT_TRUE(spec.find("restore")->string_or("id", "").starts_with("r1-"));
  EXPECT_EQ(spec.find_path({"workload", "service", "unit"})->as_string(), "wiki.service");
  options.number = 2;
  EXPECT_THAT(run(rollback(*session_, place("app/wiki"), options)),
              Fails(ErrorClass::invalid, HasSubstr("no data of revision 2 was kept")));
}

// Lets somebody else write before each PATCH arrives.
class Meddler final : public http::Handler {
 public:
  Meddler(http::Handler& inner, std::function<Async<Status>()> write)
      : inner_(inner), write_(std::move(write)) {}
  Async<std::optional<http::Response>> handle(http::Request request, http::Peer peer,
                                              http::ResponseStream& stream) override {
    if (request.method == "PATCH") {
      const auto written = co_await write_();
      EXPECT_THAT(written, IsOk());
    }
    auto answer = co_await inner_.handle(std::move(request), std::move(peer), stream);
    co_return answer;
  }

 private:
  http::Handler& inner_;
  std::function<Async<Status>()> write_;
};

TEST_F(Commands, RollbackIsInNobodysWayWhoWritesTheStatus) {
  put("apps.gantry.dev", kApp);
  put("secrets",
      R"({"apiVersion":"v1","kind":"Secret","type":"gantry.dev/app-revision","metadata":)"
      R"({"name":"wiki.r1","namespace":"default"},"data":{"spec":")" +
          base64_encode(kFirst) + "\"}}");
  int writes = 0;
  bool spec_too = false;
  Meddler meddler(server_, [&]() -> Async<Status> {
    if (++writes > 2) co_return Status();
    Json app = object("apps.gantry.dev", "wiki");
    app.member("metadata").erase("resourceVersion");
    app.member("status").set("replicas", writes);
    if (spec_too) app.member("spec").set("replicas", 7);
    const auto written = co_await store_.update("apps.gantry.dev", store::Part::whole, app);
    co_return written.status();
  });
  const auto client = http::memory::make_client(clock_, meddler);
  ApiClient api(*client, token_);
  Session session{api,
                  clock_,
                  "default",
                  false,
                  make_watch(*client, token_),
                  [](const std::string&) {},
                  [](const std::string&) {}};
  EXPECT_THAT(run(rollback(session, place("app/wiki"), to(1))), IsOk());
  EXPECT_EQ(writes, 3);
  const auto spec = *object("apps.gantry.dev", "wiki").find("spec");
  EXPECT_EQ(spec.find_path({"workload", "service", "unit"})->as_string(), "wiki.service");

  EXPECT_THAT(run(store_.remove({"apps.gantry.dev", "default", "wiki"}, {})).status(), IsOk());
  put("apps.gantry.dev", kApp);
  writes = 0;
  spec_too = true;
  EXPECT_THAT(run(rollback(session, place("app/wiki"), to(1))), Fails(ErrorClass::conflict));
}

}  // namespace
}  // namespace gantry::ctl
