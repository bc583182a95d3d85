// Updates of Apps: handed out step by step, and taken back by themselves when they fail.
#include "pkg/schema/json.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::HasSubstr;

WorldOptions of_debian_13() {
  WorldOptions options;
  options.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
    spec.command_channel.emplace();
    spec.command_channel->ssh.secret_ref = spec.credentials.secret_ref;
  };
  options.shape = [](api::v1alpha1::MachineClassSpec& spec) {
    spec.os = api::v1alpha1::OsTemplate{"debian-13-standard", {}};
  };
  return options;
}

class RolloutStory : public Story {
 protected:
  RolloutStory() : Story(of_debian_13()) {
    world.backend.options().templates["debian-13-standard_13.1-1_amd64.tar.zst"] = 130 << 20;
    world.backend.options().registry.images = {"wiki:2", "wiki:3", "wiki:sick"};
    world.backend.options().registry.sick["wiki:sick"] = "Restarting (1) 3 seconds ago";
  }

  static std::function<void(Json&)> with_tag(const std::string& tag) {
    return [tag](Json& spec) {
      spec.member("workload").erase("service");
      spec.member("workload")
          .member("compose")
          .set("inline", "services: {web: {image: \"wiki:" + tag + "\", ports: [\"80:3000\"]}}");
      spec.member("health").set("startupSeconds", 20);
      spec.member("update").set("bakeSeconds", 15);
    };
  }
  void start(int replicas) {
    world.create_app("wiki", replicas, "", with_tag("2"));
    ASSERT_TRUE(wait_until([&] { return current() != "" && is_ready(); }));
  }
  Json app() {
    const auto apps = world.objects("apps.gantry.dev");
    return apps.empty() ? Json::object() : apps.front();
  }
  std::string current() {
    const auto object = app();
    const auto* found = object.find_path({"status", "currentRevision"});
    return found == nullptr ? "" : found->as_string();
  }
  std::string condition(const std::string& type, const std::string& field) {
    const auto object = app();
    const auto* conditions = object.find_path({"status", "conditions"});
    if (conditions == nullptr) return "";
    for (const auto& each : conditions->as_array())
      if (each.string_or("type", "") == type) return each.string_or(field, "");
    return "";
  }
  bool is_ready() { return condition("Ready", "status") == "True"; }
  bool is_rolled_back() { return condition("Ready", "reason") == "RolledBack"; }
  std::string image(int replica) {
    const auto vmid = world.vmid_of("wiki-" + std::to_string(replica));
    const auto* system = vmid.has_value() ? world.backend.inside(*vmid) : nullptr;
    if (system == nullptr) return "";
    const auto web = system->docker.services.find("wiki/web");
    return web == system->docker.services.end() ? "" : web->second.image;
  }
  int count_image(int replicas, const std::string& wanted) {
    int count = 0;
    for (int i = 0; i < replicas; ++i) count += image(i) == wanted ? 1 : 0;
    return count;
  }
};

TEST_F(RolloutStory, ABadTagIsTakenBackAndNothingStops) {
  start(1);
  const auto good = current();
  world.edit_app("wiki", with_tag("nonsense"));
  EXPECT_TRUE(wait_until([&] { return is_rolled_back(); }));
  EXPECT_EQ(condition("Ready", "code"), "ROL-001");
  EXPECT_EQ(condition("Available", "status"), "True");
  EXPECT_EQ(condition("Stalled", "status"), "True");
  EXPECT_THAT(condition("Ready", "message"),
              HasSubstr("revision 2 was rolled back: wiki-0: images"));
  EXPECT_EQ(image(0), "wiki:2");
  EXPECT_EQ(current(), good);
  world.run_for(10min);
  EXPECT_TRUE(is_rolled_back());
  world.edit_app("wiki", with_tag("3"));
  EXPECT_TRUE(wait_until([&] { return is_ready() && current() != good; }));
  EXPECT_EQ(image(0), "wiki:3");
}

TEST_F(RolloutStory, AVersionThatDoesNotComeUpIsTakenBackAfterTheFirst) {
  start(3);
  world.edit_app("wiki", with_tag("sick"));
  EXPECT_TRUE(wait_until([&] { return image(0) == "wiki:sick"; }));
  for (int i = 0; i < 1200 && !is_rolled_back(); ++i) {
    EXPECT_LE(count_image(3, "wiki:sick"), 1);
    world.run_for(1s);
  }
  EXPECT_TRUE(is_rolled_back());
  EXPECT_TRUE(wait_until([&] { return count_image(3, "wiki:2") == 3; })) << schema::to_json(app());
  EXPECT_EQ(condition("Available", "status"), "True");
}

// A hint: what it makes is a probe, and the probe says what is true.
TEST_F(RolloutStory, ACallbackMakesTheNextProbeImmediate) {
  world.create_app("wiki", 1, "page", [](Json& spec) {
    spec.member("health").set("intervalSeconds", 1800);
    spec.member("health").set("failureThreshold", 1);
  });
  ASSERT_TRUE(wait_until([&] { return current() != "" && is_ready(); }));
  world.backend.inside(*world.vmid_of("wiki-0"))->http_status = 503;
  world.run_for(2min);
  EXPECT_TRUE(is_ready()) << "nobody has looked yet";
  world.call_back("wiki-0", 1);
  world.run_for(10s);
  EXPECT_FALSE(is_ready()) << schema::to_json(app());
  world.backend.inside(*world.vmid_of("wiki-0"))->http_status = 200;
  EXPECT_TRUE(wait_until([&] { return is_ready(); }));
}

// It may not be there for hours; the new version could be the best that ever was.
TEST_F(RolloutStory, AMirrorThatDoesNotAnswerIsNoFaultOfTheVersion) {
  world.create_app("wiki", 1, "page");
  ASSERT_TRUE(wait_until([&] { return current() != "" && is_ready(); }));
  const auto good = current();
  auto* system = world.backend.inside(*world.vmid_of("wiki-0"));
  ASSERT_NE(system, nullptr);
  system->network.mirror = "Temporary failure resolving 'deb.example.org'";
  world.edit_app("wiki", [](Json& spec) {
    spec.member("workload").member("service").member("packages").push_back("hello-traditional");
  });
  world.run_for(30min);
  EXPECT_FALSE(is_rolled_back()) << schema::to_json(app());
  EXPECT_EQ(condition("Ready", "code"), "DNS-002");
  EXPECT_THAT(condition("Ready", "message"), HasSubstr("names no name server"));
  EXPECT_EQ(condition("Available", "status"), "True") << "what runs goes on";
  system->network.mirror.clear();
  EXPECT_TRUE(wait_until([&] { return is_ready() && current() != good; }));
}

// Nobody can be asked whether it is well: that is no reason to call it broken, nor to go back.
TEST_F(RolloutStory, AClosedCommandChannelTakesNothingBack) {
  start(1);
  const auto good = current();
  world.channel_faults.refused = 1;
  world.run_for(10min);
  EXPECT_TRUE(is_ready()) << schema::to_json(app());
  world.channel_faults.refused = 0;
  world.edit_app("wiki", with_tag("3"));
  EXPECT_TRUE(wait_until([&] { return image(0) == "wiki:3" && is_ready(); }));
  world.channel_faults.refused = 1;
  world.run_for(10min);
  EXPECT_FALSE(is_rolled_back()) << schema::to_json(app());
  EXPECT_EQ(image(0), "wiki:3");
  world.channel_faults.refused = 0;
  EXPECT_TRUE(wait_until([&] { return is_ready() && current() != good; }));
}

// There is a way inside, but nobody knows where to: nothing is called broken for that, not even
// where one failed probe is enough.
TEST_F(RolloutStory, AContainerThatIsOutOfSightNowAndThenTakesNothingBack) {
  start(1);
  const auto good = current();
  world.edit_app("wiki", [](Json& spec) {
    with_tag("3")(spec);
    auto& health = spec.member("health");
    health.set("startupSeconds", 1);
    health.set("failureThreshold", 1);
    health.set("intervalSeconds", 1);
    spec.member("update").set("bakeSeconds", 600);
  });
  ASSERT_TRUE(wait_until([&] { return image(0) == "wiki:3"; }));
  auto& chances = world.lab->faults().request_chances;
  chances[lab::RequestFault::partial_inventory] = 0.6;
  for (int i = 0; i < 600; ++i) {
    world.run_for(1s);
    ASSERT_FALSE(is_rolled_back()) << condition("Ready", "message");
  }
  chances.clear();
  EXPECT_TRUE(wait_until([&] { return is_ready() && current() != good; }));
  EXPECT_EQ(image(0), "wiki:3");
}

TEST_F(RolloutStory, OnlyOneIsAwayAtATime) {
  start(3);
  world.edit_app("wiki", with_tag("3"));
  std::vector<Time> seen(4);
  for (int i = 0; i < 600 && count_image(3, "wiki:3") < 3; ++i) {
    world.run_for(500ms);
    const auto count = static_cast<size_t>(count_image(3, "wiki:3"));
    if (seen[count] == Time()) seen[count] = world.now();
  }
  EXPECT_GE(seen[2] - seen[1], 15s);
  EXPECT_GE(seen[3] - seen[2], 15s);
  EXPECT_TRUE(wait_until([&] { return is_ready(); }));
}

// Killed again and again while an update fails: it is taken back, and nobody is left on it.
TEST_F(RolloutStory, KillsDoNotLoseTheWayBack) {
  start(2);
  const auto good = current();
  world.edit_app("wiki", with_tag("sick"));
  for (uint64_t kill = 0; kill < 30; ++kill) {
    world.host(0).kill_after(53 * kill + 40);
    world.run_for(4s);
    world.host(0).spare();
    if (!world.daemon_runs()) world.start_daemon();
  }
  EXPECT_TRUE(wait_until([&] { return is_rolled_back() && count_image(2, "wiki:2") == 2; }));
  EXPECT_EQ(current(), good);
  size_t kept = 0;
  for (const auto& secret : world.objects("secrets"))
    kept += secret.string_or("type", "") == "gantry.dev/app-revision" ? 1 : 0;
  EXPECT_EQ(kept, 2u);
  world.delete_app("wiki");
  EXPECT_TRUE(wait_until([&] { return world.objects("apps.gantry.dev").empty(); }));
  for (const auto& secret : world.objects("secrets"))
    EXPECT_NE(secret.string_or("type", ""), "gantry.dev/app-revision");
}

// Nothing can be asked of it, and nothing is: until it shall run again.
TEST_F(RolloutStory, ASuspendedAppWaitsForItsUpdateWithoutBeingLookedAt) {
  start(1);
  const auto good = current();
  world.edit_app("wiki", [](Json& spec) { spec.set("suspend", true); });
  ASSERT_TRUE(wait_until([&] { return reason("wiki-0", "Ready").ends_with("Stopped"); }));
  world.edit_app("wiki", with_tag("3"));
  world.run_for(2min);
  const auto looks = [&] { return world.leader()->counters().reconciles().at("app"); };
  const auto before = looks();
  world.run_for(10min);
  EXPECT_LE(looks() - before, 20u);
  EXPECT_EQ(current(), good);
  world.edit_app("wiki", [](Json& spec) { spec.set("suspend", false); });
  EXPECT_TRUE(wait_until([&] { return is_ready() && current() != good; }));
  EXPECT_EQ(image(0), "wiki:3");
}

TEST_F(RolloutStory, ARestartedContainerRunsWhatItWasOn) {
  start(2);
  world.edit_app("wiki", with_tag("nonsense"));
  ASSERT_TRUE(wait_until([&] { return is_rolled_back(); }));
  const auto vmid = *world.vmid_of("wiki-1");
  by_root([vmid](lab::Lab& lab) { return lab.stop_guest(vmid); });
  world.run_for(3min);
  EXPECT_EQ(world.backend.inside(vmid)->docker.services.at("wiki/web").state, "running");
  EXPECT_EQ(image(1), "wiki:2");
}

// Killed again and again meanwhile: each is started anew once, and they take turns.
TEST_F(RolloutStory, ARestartThatIsAskedForIsGivenOnceAndInTurns) {
  start(2);
  const auto good = current();
  const auto starts = [&](int replica) {
    const auto vmid = world.vmid_of("wiki-" + std::to_string(replica));
    return world.backend.inside(*vmid)->docker.services.at("wiki/web").starts;
  };
  ASSERT_EQ(starts(0) + starts(1), 2);
  world.edit_app("wiki", [this](Json& spec) { spec.set("restartedAt", to_rfc3339(world.now())); });
  bool in_turns = false;
  for (uint64_t kill = 0; kill < 30; ++kill) {
    world.host(0).kill_after(47 * kill + 30);
    world.run_for(4s);
    world.host(0).spare();
    if (!world.daemon_runs()) world.start_daemon();
    in_turns = in_turns || starts(0) + starts(1) == 3;
  }
  EXPECT_TRUE(wait_until([&] { return is_ready() && current() != good; }))
      << schema::to_json(app());
  EXPECT_TRUE(in_turns);
  world.run_for(10min);
  EXPECT_EQ(starts(0), 2);
  EXPECT_EQ(starts(1), 2);
}

}  // namespace
}  // namespace gantry::sim
