// Apps that need each other: started in order, and never stopped for it.
#include "pkg/schema/json.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::HasSubstr;

WorldOptions with_commands() {
  WorldOptions options;
  options.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
    spec.command_channel.emplace();
    spec.command_channel->ssh.secret_ref = spec.credentials.secret_ref;
  };
  return options;
}

class DependencyStory : public Story {
 protected:
  DependencyStory() : Story(with_commands()) {}
  static std::function<void(Json&)> needs(const std::string& name) {
    return [name](Json& spec) {
      spec.set("dependsOn", schema::parse_yaml("[{kind: App, name: " + name + "}]")->front().value);
    };
  }
  static void suspend(Json& spec) { spec.set("suspend", true); }
  static void resume(Json& spec) { spec.set("suspend", false); }
  static void change(Json& spec) {
    spec.set("env", schema::parse_yaml("[{name: COLOUR, value: green}]")->front().value);
  }
  std::string current(const std::string& app) {
    for (const auto& object : world.objects("apps.gantry.dev")) {
      if (object.find_path({"metadata", "name"})->as_string() != app) continue;
      const auto* found = object.find_path({"status", "currentRevision"});
      return found == nullptr ? "" : found->as_string();
    }
    return "";
  }
  std::string condition(const std::string& app, const std::string& type, const std::string& field) {
    for (const auto& object : world.objects("apps.gantry.dev")) {
      if (object.find_path({"metadata", "name"})->as_string() != app) continue;
      const auto* conditions = object.find_path({"status", "conditions"});
      if (conditions == nullptr) return "";
      for (const auto& each : conditions->as_array())
        if (each.string_or("type", "") == type) return each.string_or(field, "");
    }
    return "";
  }
  bool is(const std::string& app, const std::string& type) {
    return condition(app, type, "status") == "True";
  }
};

TEST_F(DependencyStory, IsNotStartedBeforeWhatItNeedsAnswers) {
  world.create_app("web", 1, "page", needs("db"));
  world.run_for(5min);
  EXPECT_EQ(condition("web", "Ready", "reason"), "DependencyNotReady");
  EXPECT_EQ(condition("web", "Ready", "code"), "WKL-007");
  EXPECT_THAT(condition("web", "Ready", "message"),
              HasSubstr("waits for app/db, which does not exist"));
  EXPECT_FALSE(is("web", "Stalled"));
  EXPECT_TRUE(world.vmid_of("web-0").has_value()) << "its container is made meanwhile";
  world.create_app("db", 1, "data");
  ASSERT_TRUE(wait_until([&] { return world.vmid_of("db-0").has_value(); }));
  for (int i = 0; i < 1200 && !is("db", "Available"); ++i) {
    EXPECT_FALSE(is("web", "Available"));
    world.run_for(500ms);
  }
  EXPECT_TRUE(wait_until([&] { return is("web", "Ready") && is("db", "Ready"); }));
}

// What runs goes on; only what is new waits.
TEST_F(DependencyStory, AnUpdateWaitsAndWhatRunsGoesOn) {
  world.create_app("db", 1, "data");
  world.create_app("web", 1, "page", needs("db"));
  ASSERT_TRUE(wait_until([&] { return is("web", "Ready") && current("web") != ""; }));
  const auto good = current("web");
  world.edit_app("db", suspend);
  ASSERT_TRUE(wait_until([&] { return condition("db", "Available", "status") == "False"; }));
  world.run_for(5min);
  EXPECT_TRUE(is("web", "Ready"));
  world.kill_daemon();
  world.start_daemon();
  EXPECT_TRUE(wait_until([&] { return is("web", "Ready"); }));
  world.edit_app("web", change);
  EXPECT_TRUE(
      wait_until([&] { return condition("web", "Ready", "reason") == "DependencyNotReady"; }));
  world.run_for(5min);
  EXPECT_TRUE(is("web", "Available"));
  EXPECT_EQ(current("web"), good);
  world.edit_app("db", resume);
  EXPECT_TRUE(wait_until([&] { return is("web", "Ready") && current("web") != good; }));
}

TEST_F(DependencyStory, ACircleIsToldWithItsWay) {
  world.create_app("a", 1, "page", needs("b"));
  world.create_app("b", 1, "page", needs("c"));
  world.create_app("c", 1, "page", needs("a"));
  EXPECT_TRUE(wait_until([&] { return is("a", "Stalled") && is("b", "Stalled"); }));
  EXPECT_THAT(condition("a", "Stalled", "message"), HasSubstr("in a circle: a → b → c → a"));
  world.edit_app("c", [](Json& spec) { spec.erase("dependsOn"); });
  EXPECT_TRUE(wait_until([&] { return is("a", "Ready") && is("b", "Ready"); }));
}

}  // namespace
}  // namespace gantry::sim
