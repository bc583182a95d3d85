// suspend, resume, start, stop, scale.
#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/testing.h"

namespace gantry::ctl {
namespace {

constexpr const char* kAppJson = R"({
  "apiVersion":"gantry.dev/v1alpha1","kind":"App","metadata":{"name":"wiki","namespace":"default"},
  "spec":{"machineClassName":"small","replicas":2,
    "workload":{"service":{"unit":"wiki.service"}}}})";

void set_ready(Json& object, const char* status) {
  Json condition;
  condition.set("type", "Ready");
  condition.set("status", status);
  condition.set("reason", "R");
  condition.set("message", "why");
  condition.set("observedGeneration", object.find("metadata")->integer_or("generation", 0));
  condition.set("lastTransitionTime", "2026-01-01T00:00:00Z");
  object.member("status").set("conditions", Json::Array{condition});
}

class Verbs : public Commands {
 protected:
  Status set(const std::string& word, bool running, std::optional<Duration> wait) {
    return run(set_running(*session_, places({word}), running, wait));
  }
  const Json spec(const std::string& resource, const std::string& name) {
    return *object(resource, name).find("spec");
  }
  // Of the App wiki.
  void put_replica(const std::string& name) {
    put("machines.gantry.dev",
        R"({"apiVersion":"gantry.dev/v1alpha1","kind":"Machine","metadata":{"namespace":"default",)"
        R"("labels":{"gantry.dev/app":"wiki"},"ownerReferences":[{"apiVersion":"x","kind":"App",)"
        R"("name":"wiki","uid":"u","controller":true}],"name":")" +
            name + R"("},"spec":{"machineClassName":"small"},"status":{"power":"running"}})");
  }
};

TEST_F(Verbs, AskWithoutWaiting) {
  put("apps.gantry.dev", kAppJson);
  put_machine("db", "True");
  EXPECT_THAT(set("app/wiki", false, std::nullopt), IsOk());
  EXPECT_TRUE(spec("apps.gantry.dev", "wiki").bool_or("suspend", false));
  EXPECT_THAT(set("app/wiki", false, std::nullopt), IsOk());
  EXPECT_THAT(set("app/wiki", true, std::nullopt), IsOk());
  EXPECT_FALSE(spec("apps.gantry.dev", "wiki").bool_or("suspend", false));
  EXPECT_THAT(set("machine/db", false, std::nullopt), IsOk());
  EXPECT_EQ(spec("machines.gantry.dev", "db").string_or("powerState", ""), "Stopped");
  EXPECT_THAT(printed_, ElementsAre("app.gantry.dev/wiki asked to stop",
                                    "app.gantry.dev/wiki had been told so already",
                                    "app.gantry.dev/wiki asked to resume",
                                    "machine.gantry.dev/db asked to stop"));
}

// What was true of the spec before says nothing about this one.
TEST_F(Verbs, WaitUntilTheMachineIsAsItsSpecSays) {
  put_machine("db", "True");
  async::Group group(loop_.executor());
  group.spawn("controller", [this] {
    return later(5s, "machines.gantry.dev", "db",
                 [](Json& machine) { set_ready(machine, "True"); });
  });
  const Time before = clock_.now();
  EXPECT_THAT(set("machine/db", false, 60s), IsOk());
  EXPECT_GE(clock_.now() - before, 5s);
  EXPECT_THAT(run(group.join()), IsOk());
  EXPECT_THAT(printed_, ElementsAre("machine.gantry.dev/db stopped"));
  EXPECT_THAT(set("machine/db", true, 5s),
              Fails(ErrorClass::remote, AllOf(HasSubstr("timed out"), HasSubstr("Ready is"))));
}

TEST_F(Verbs, SuspendingWaitsForEveryContainer) {
  put("apps.gantry.dev", kAppJson);
  put_replica("wiki-0");
  put_replica("wiki-1");
  const auto stopped = [](Json& machine) {
    machine.member("spec").set("powerState", "Stopped");
    machine.member("status").set("power", "stopped");
    machine.member("metadata").set("generation", 2);
    set_ready(machine, "True");
  };
  async::Group group(loop_.executor());
  group.spawn("first", [&] { return later(3s, "machines.gantry.dev", "wiki-0", stopped); });
  EXPECT_THAT(set("app/wiki", false, 10s),
              Fails(ErrorClass::remote, HasSubstr("wiki-1 has not been told yet")));
  group.spawn("second", [&] { return later(3s, "machines.gantry.dev", "wiki-1", stopped); });
  EXPECT_THAT(set("app/wiki", false, 10s), IsOk());
  EXPECT_THAT(run(group.join()), IsOk());
  EXPECT_EQ(printed_.back(), "app.gantry.dev/wiki suspended");
}

TEST_F(Verbs, AMachineOfAnAppIsTheAppsToStop) {
  put("apps.gantry.dev", kAppJson);
  put_replica("wiki-0");
  EXPECT_THAT(set("machine/wiki-0", false, std::nullopt),
              Fails(ErrorClass::invalid,
                    AllOf(HasSubstr("belongs to App wiki"), HasSubstr("suspend app/wiki"))));
  EXPECT_EQ(spec("machines.gantry.dev", "wiki-0").string_or("powerState", "Running"), "Running");
}

TEST_F(Verbs, AStartOverridesThePersonWhoStoppedIt) {
  put("machines.gantry.dev", R"({"apiVersion":"gantry.dev/v1alpha1","kind":"Machine",
      "metadata":{"namespace":"default","name":"db"},"spec":{"machineClassName":"small"},
      "status":{"power":"stopped","stoppedByPersonAt":"2026-01-01T00:10:00Z"}})");
  EXPECT_THAT(set("machine/db", true, std::nullopt), IsOk());
  const auto machine = object("machines.gantry.dev", "db");
  EXPECT_EQ(
      machine.find_path({"metadata", "annotations"})->string_or("gantry.dev/start-requested", ""),
      "2026-01-01T00:10:01Z");
}

TEST_F(Verbs, AreRefusedForWhatDoesNotRun) {
  put_config_map("a");
  EXPECT_THAT(set("configmap/a", false, std::nullopt), Fails(ErrorClass::invalid));
  EXPECT_THAT(set("apps", false, std::nullopt), Fails(ErrorClass::invalid));
  EXPECT_THAT(set("app/none", false, std::nullopt), Fails(ErrorClass::not_found));
}

TEST_F(Verbs, ScaleGoesThroughItsOwnPath) {
  put("apps.gantry.dev", kAppJson);
  async::Group group(loop_.executor());
  group.spawn("controller", [this] {
    return later(3s, "apps.gantry.dev", "wiki", [](Json& app) { set_ready(app, "True"); });
  });
  EXPECT_THAT(run(scale(*session_, place("app/wiki"), 3, 30s)), IsOk());
  EXPECT_EQ(spec("apps.gantry.dev", "wiki").integer_or("replicas", 0), 3);
  EXPECT_THAT(run(group.join()), IsOk());
  EXPECT_THAT(run(scale(*session_, place("app/wiki"), 1, std::nullopt)), IsOk());
  EXPECT_THAT(run(scale(*session_, place("app/wiki"), 3000, std::nullopt)),
              Fails(ErrorClass::invalid, HasSubstr("replicas")));
  EXPECT_THAT(printed_, ElementsAre("app.gantry.dev/wiki scaled to 3",
                                    "app.gantry.dev/wiki asked for 1 replicas"));
  EXPECT_THAT(set("app/wiki", false, std::nullopt), IsOk());
  EXPECT_THAT(run(scale(*session_, place("app/wiki"), 2, 30s)), IsOk());
  EXPECT_THAT(printed_.back(), HasSubstr("suspended: nothing runs"));
}

TEST_F(Verbs, EveryRestartIsANewRequestWhateverTheClockSays) {
  put("apps.gantry.dev", kAppJson);
  const auto asked = [this] {
    return spec("apps.gantry.dev", "wiki").string_or("restartedAt", "");
  };
  EXPECT_THAT(run(restart(*session_, places({"app/wiki"}), std::nullopt)), IsOk());
  EXPECT_EQ(asked(), "2026-01-01T00:00:00Z");
  EXPECT_THAT(run(restart(*session_, places({"app/wiki"}), std::nullopt)), IsOk());
  EXPECT_EQ(asked(), "2026-01-01T00:00:01Z");
  async::Group group(loop_.executor());
  group.spawn("controller", [this] {
    return later(3s, "apps.gantry.dev", "wiki", [](Json& app) {
      set_ready(app, "False");
      Json stalled = app.find("status")->find("conditions")->as_array()[0];
      stalled.set("type", "Stalled");
      stalled.set("status", "True");
      app.member("status").member("conditions").push_back(std::move(stalled));
      app.member("status").set("failedRevision", "abcd");
    });
  });
  EXPECT_THAT(run(restart(*session_, places({"app/wiki"}), 60s)),
              Fails(ErrorClass::remote, HasSubstr("wiki: Ready is False, R: why")));
  EXPECT_THAT(run(group.join()), IsOk());
  EXPECT_THAT(set("app/wiki", false, std::nullopt), IsOk());
  EXPECT_THAT(run(restart(*session_, places({"app/wiki"}), std::nullopt)),
              Fails(ErrorClass::invalid, HasSubstr("is suspended")));
}

}  // namespace
}  // namespace gantry::ctl
