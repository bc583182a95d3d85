// Updates with BlueGreen: the new version beside the old one, and nobody who asks for the App is
// ever sent to something that does not serve.
#include "pkg/schema/json.h"
#include "tests/sim/objects.h"
#include "tests/sim/stories/story.h"

namespace gantry::sim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHost = "site.lan";

WorldOptions with_network() {
  WorldOptions made;
  made.with_network = true;
  made.cluster = [](api::v1alpha1::ProxmoxClusterSpec& spec) {
    spec.command_channel.emplace();
    spec.command_channel->ssh.secret_ref = spec.credentials.secret_ref;
  };
  return made;
}

class BlueGreenStory : public Story {
 protected:
  BlueGreenStory() : Story(with_network()) { world.let_versions_fail(); }

  // "site" behind "lan", served by its blue Machines.
  void start(int replicas) {
    world.create_appliance();
    world.create_app("site", replicas, "page 1\n", [](Json& spec) {
      attach(spec);
      spec.set("expose", schema::parse_yaml("[{host: site.lan, port: http}]")->front().value);
      spec.set("update",
               schema::parse_yaml("{strategy: BlueGreen, bakeSeconds: 15}")->front().value);
      spec.member("health").set("startupSeconds", 20);
    });
    ASSERT_TRUE(wait_until([&] {
      return is_calm() && !told("currentRevision").empty() && !upstreams().empty();
    })) << ready();
    ASSERT_EQ(slot(), "Blue");
  }
  void set_page(const std::string& page) {
    world.edit_app("site", [page](Json& spec) {
      spec.member("workload")
          .member("service")
          .member("files")
          .as_array()
          .front()
          .set("content", page);
    });
  }

  // --- what is said ---
  Json app() {
    const auto apps = world.objects("apps.gantry.dev");
    return apps.empty() ? Json::object() : apps.front();
  }
  std::string told(const char* field) {
    const auto object = app();
    const auto* found = object.find_path({"status", field});
    return found == nullptr ? "" : found->as_string();
  }
  std::string slot() { return told("activeSlot"); }
  std::string condition(const std::string& type, const std::string& field) {
    const auto object = app();
    const auto* conditions = object.find_path({"status", "conditions"});
    if (conditions == nullptr) return "";
    for (const auto& each : conditions->as_array())
      if (each.string_or("type", "") == type) return each.string_or(field, "");
    return "";
  }
  std::string ready() {
    return condition("Ready", "reason") + ": " + condition("Ready", "message");
  }
  // It is as it shall be, and nobody waits to be gone.
  bool is_calm() {
    const auto object = app();
    const auto* seen = object.find_path({"status", "observedGeneration"});
    const auto* asked = object.find_path({"metadata", "generation"});
    const bool is_seen = seen != nullptr && asked != nullptr && *seen == *asked;
    return is_seen && condition("Ready", "status") == "True" &&
           condition("Reconciling", "status") == "False";
  }
  bool answers(const std::string& machine) {
    const auto object = app();
    const auto* machines = object.find_path({"status", "machines"});
    if (machines == nullptr) return false;
    return std::ranges::any_of(machines->as_array(), [&machine](const Json& each) {
      return each.string_or("name", "") == machine && each.bool_or("ready", false);
    });
  }
  bool is_there(const std::string& machine) { return world.machine(machine).has_value(); }
  std::vector<std::string> events() {
    std::vector<std::string> lines;
    for (const auto& event : world.objects("events"))
      lines.push_back(event.string_or("reason", "") + ": " + event.string_or("message", ""));
    return lines;
  }
  std::string page(const std::string& machine) {
    const auto vmid = world.vmid_of(machine);
    const auto* system = vmid.has_value() ? world.backend.inside(*vmid) : nullptr;
    if (system == nullptr) return "";
    const auto file = system->files.find(kPagePath);
    return file == system->files.end() ? "" : file->second.content;
  }

  // --- who asks for the App ---
  // Where the proxy sends them, as it runs: addresses and ports.
  std::vector<std::string> upstreams() {
    std::vector<std::string> addresses;
    const auto vmid = world.vmid_of(kApplianceMachine);
    const auto* system = vmid.has_value() ? world.backend.inside(*vmid) : nullptr;
    if (system == nullptr) return addresses;
    const auto config = schema::parse_json(system->network.proxy);
    const auto* routes =
        config.ok() ? config->find_path({"apps", "http", "servers", "https", "routes"}) : nullptr;
    if (routes == nullptr) return addresses;
    for (const auto& route : routes->as_array()) {
      const auto* match = route.find("match");
      if (match == nullptr || schema::to_json(*match).find(kHost) == std::string::npos) continue;
      const auto* dials = route.find("handle")->as_array().front().find("upstreams");
      if (dials == nullptr) continue;
      for (const auto& dial : dials->as_array()) addresses.push_back(dial.string_or("dial", ""));
    }
    return addresses;
  }
  // The version that is served there; empty when nothing answers.
  std::string served_at(const std::string& upstream) {
    const auto address = upstream.substr(0, upstream.rfind(':'));
    const auto appliances = world.objects("appliances.gantry.dev");
    std::string card;
    for (const auto& lease : appliances.front().find_path({"status", "leases"})->as_array())
      if (lease.string_or("address", "") == address) card = "hwaddr=" + lease.string_or("mac", "");
    for (const auto& guest : world.lab->guests()) {
      const auto net = guest.config.find("net0");
      const bool is_it = net != guest.config.end() && net->second.find(card) != std::string::npos;
      if (!is_it || !guest.running) continue;
      const auto* system = world.backend.inside(guest.vmid);
      const auto unit = system->units.find(kUnit);
      const auto file = system->files.find(kPagePath);
      if (unit == system->units.end() || !unit->second.active) return "";
      return file == system->files.end() ? "" : file->second.content;
    }
    return "";
  }
  // "" as long as whoever asks is served by a version that is good.
  std::string gap() {
    const auto all = upstreams();
    if (all.empty()) return "it leads nowhere";
    for (const auto& address : all) {
      const auto version = served_at(address);
      if (version.empty() || is_bad(version)) return address + " serves '" + version + "'";
    }
    return "";
  }
  // As wait_until, while somebody asks all the time.
  bool wait_served(const std::function<bool()>& is_so) {
    for (int i = 0; i < 7200 && !is_so(); ++i) {
      world.run_for(250ms);
      if (const auto why = gap(); !why.empty()) {
        ADD_FAILURE() << "a request failed: " << why << "; " << schema::to_json(app());
        return false;
      }
    }
    return is_so();
  }
};

TEST_F(BlueGreenStory, TheNewOneComesUpBesideTheOldAndNobodyNoticesTheSwitch) {
  start(2);
  const auto old = *world.vmid_of("site-0");
  const auto writes = written().size();
  set_page("page 2\n");
  ASSERT_TRUE(wait_served([&] { return is_there("site-0-green") && is_there("site-1-green"); }));
  EXPECT_EQ(condition("Available", "status"), "True");
  EXPECT_EQ(condition("Ready", "status"), "False");
  ASSERT_TRUE(wait_served([&] { return slot() == "Green"; }));
  EXPECT_TRUE(world.lab->find_guest(old)->running) << "what is under way there is to end";
  EXPECT_EQ(told("url"), "https://site.lan/");
  EXPECT_THAT(written(writes), Not(Contains(HasSubstr("/lxc/" + std::to_string(old.get())))));
  EXPECT_EQ(condition("Reconciling", "reason"), "Retiring");
  ASSERT_TRUE(wait_served([&] { return is_calm() && !is_there("site-0"); }));
  EXPECT_FALSE(is_there("site-1"));
  EXPECT_FALSE(world.lab->find_guest(old).has_value());
  EXPECT_EQ(page("site-0-green"), "page 2\n");
  EXPECT_EQ(page("site-1-green"), "page 2\n");
  EXPECT_EQ(told("switchedAt"), "");
  EXPECT_THAT(events(), Contains("Switched: revision 2 serves, in site-0-green, site-1-green"));
  // … and back.
  set_page("page 3\n");
  ASSERT_TRUE(wait_served([&] { return slot() == "Blue" && is_calm(); }));
  EXPECT_EQ(page("site-0"), "page 3\n");
  EXPECT_FALSE(is_there("site-0-green"));
}

TEST_F(BlueGreenStory, AVersionThatFailsGoesAndTheOldOneIsNotTouched) {
  start(1);
  const auto old = *world.vmid_of("site-0");
  const auto good = told("currentRevision");
  const auto writes = written().size();
  set_page("bad page\n");
  ASSERT_TRUE(wait_served([&] { return condition("Ready", "reason") == "RolledBack"; }));
  EXPECT_THAT(condition("Ready", "message"), HasSubstr("site-0-green"));
  EXPECT_EQ(condition("Ready", "code"), "ROL-001");
  EXPECT_EQ(condition("Available", "status"), "True");
  ASSERT_TRUE(wait_served([&] { return !is_there("site-0-green"); }));
  world.run_for(10min);
  EXPECT_EQ(gap(), "");
  EXPECT_EQ(world.lab->guest_count(), 2) << "the Appliance's and the old one";
  EXPECT_EQ(world.vmid_of("site-0"), old);
  EXPECT_THAT(written(writes), Not(Contains(HasSubstr("/lxc/" + std::to_string(old.get())))));
  EXPECT_EQ(told("currentRevision"), good);
  EXPECT_EQ(slot(), "Blue");
  // What was good is asked for again: nothing is to be done. Then something better.
  set_page("page 1\n");
  ASSERT_TRUE(wait_served([&] { return is_calm(); }));
  EXPECT_EQ(world.vmid_of("site-0"), old);
  set_page("page 2\n");
  EXPECT_TRUE(wait_served([&] { return slot() == "Green" && is_calm(); }));
}

TEST_F(BlueGreenStory, OnHoldTheNewOneStaysToBeLookedAt) {
  start(1);
  world.edit_app("site", [](Json& spec) { spec.member("update").set("onFailure", "Hold"); });
  world.run_for(1s);
  set_page("bad page\n");
  ASSERT_TRUE(wait_served([&] { return condition("Ready", "code") == "WKL-008"; })) << ready();
  for (int i = 0; i < 1200; ++i) {
    world.run_for(500ms);
    ASSERT_EQ(gap(), "");
  }
  EXPECT_EQ(slot(), "Blue");
  EXPECT_EQ(page("site-0-green"), "bad page\n");
  set_page("page 2\n");
  EXPECT_TRUE(wait_served([&] { return slot() == "Green" && is_calm(); }));
}

// The proxy cannot be told of the switch: as long as it leads to the old one, that stays.
TEST_F(BlueGreenStory, TheOldOneStaysUntilTheProxyHasTurned) {
  start(1);
  const auto old = *world.vmid_of("site-0");
  set_page("page 2\n");
  ASSERT_TRUE(wait_served([&] { return answers("site-0-green"); }));
  world.channel_faults.refused = 1;
  ASSERT_TRUE(wait_served([&] { return slot() == "Green"; })) << ready();
  world.run_for(10min);
  EXPECT_EQ(gap(), "");
  EXPECT_TRUE(world.lab->find_guest(old)->running);
  EXPECT_THAT(condition("Reconciling", "message"), HasSubstr("has not turned to the others yet"));
  world.kill_daemon();
  world.start_daemon();
  world.run_for(10min);
  EXPECT_EQ(gap(), "");
  EXPECT_TRUE(world.lab->find_guest(old)->running);
  world.channel_faults.refused = 0;
  EXPECT_TRUE(wait_served([&] { return is_calm() && !is_there("site-0"); }));
}

TEST_F(BlueGreenStory, ASpecThatChangesInTheMiddleIsForTheNewSet) {
  start(1);
  const auto old = *world.vmid_of("site-0");
  set_page("page 2\n");
  ASSERT_TRUE(wait_served([&] { return page("site-0-green") == "page 2\n"; }));
  const auto green = world.vmid_of("site-0-green");
  set_page("page 3\n");
  ASSERT_TRUE(wait_served([&] { return page("site-0-green") == "page 3\n"; }));
  EXPECT_EQ(world.vmid_of("site-0-green"), green);
  EXPECT_EQ(slot(), "Blue");
  // Back to what serves: the new set goes.
  set_page("page 1\n");
  ASSERT_TRUE(wait_served([&] { return is_calm() && !is_there("site-0-green"); }));
  EXPECT_EQ(world.vmid_of("site-0"), old);
  EXPECT_EQ(slot(), "Blue");
  EXPECT_THAT(events(), Not(Contains(HasSubstr("Switched"))));
}

TEST_F(BlueGreenStory, APortThatChangesWithTheVersionChangesAtTheSwitch) {
  start(1);
  world.edit_app("site", [](Json& spec) {
    spec.member("ports").as_array().front().set("port", 8080);
    spec.member("workload")
        .member("service")
        .member("files")
        .as_array()
        .front()
        .set("content", "page 2\n");
  });
  ASSERT_TRUE(wait_served([&] {
    EXPECT_TRUE(slot() == "Green" || upstreams().front().ends_with(":80"));
    return slot() == "Green";
  }));
  EXPECT_TRUE(wait_served([&] { return is_calm() && upstreams().front().ends_with(":8080"); }));
}

// Asked for while those that served before still have to go: their set is free first.
TEST_F(BlueGreenStory, ANewerVersionWaitsForItsSet) {
  start(1);
  const auto old = *world.vmid_of("site-0");
  set_page("page 2\n");
  ASSERT_TRUE(wait_served([&] { return slot() == "Green"; }));
  set_page("page 3\n");
  ASSERT_TRUE(wait_served([&] { return slot() == "Blue" && is_calm(); }));
  EXPECT_EQ(page("site-0"), "page 3\n");
  EXPECT_NE(*world.vmid_of("site-0"), old);
  EXPECT_FALSE(is_there("site-0-green"));
}

TEST_F(BlueGreenStory, BothSetsAreScaledAndTheOtherEndsWithASuspension) {
  start(1);
  set_page("page 2\n");
  ASSERT_TRUE(wait_served([&] { return page("site-0-green") == "page 2\n"; }));
  world.edit_app("site", [](Json& spec) { spec.set("replicas", 3); });
  ASSERT_TRUE(wait_served([&] { return is_there("site-2") && is_there("site-2-green"); }));
  EXPECT_EQ(slot(), "Blue");
  world.edit_app("site", [](Json& spec) { spec.set("replicas", 2); });
  ASSERT_TRUE(wait_served([&] { return slot() == "Green" && is_calm(); }));
  EXPECT_EQ(world.lab->guest_count(), 3);
  set_page("page 3\n");
  ASSERT_TRUE(wait_served([&] { return is_there("site-0"); }));
  world.edit_app("site", [](Json& spec) { spec.set("suspend", true); });
  ASSERT_TRUE(wait_until(
      [&] { return !is_there("site-0") && reason("site-1-green", "Ready").ends_with("Stopped"); }));
  world.edit_app("site", [](Json& spec) { spec.set("suspend", false); });
  ASSERT_TRUE(wait_until([&] { return slot() == "Blue" && is_calm(); }));
  EXPECT_EQ(page("site-1"), "page 3\n");
}

TEST_F(BlueGreenStory, AnotherStrategyInTheMiddleGoesOnInPlace) {
  start(2);
  set_page("page 2\n");
  ASSERT_TRUE(wait_served([&] { return page("site-0-green") == "page 2\n"; }));
  const auto old = world.vmid_of("site-0");
  world.edit_app("site", [](Json& spec) { spec.member("update").set("strategy", "Rolling"); });
  ASSERT_TRUE(wait_until([&] { return is_calm() && !is_there("site-0-green"); }));
  EXPECT_EQ(slot(), "Blue");
  EXPECT_EQ(world.vmid_of("site-0"), old);
  EXPECT_EQ(page("site-1"), "page 2\n");
}

TEST_F(BlueGreenStory, WhoeverIsDeletedInTheMiddleLeavesNothing) {
  for (const bool has_switched : {false, true}) {
    start(2);
    set_page("page 2\n");
    ASSERT_TRUE(wait_served(
        [&] { return has_switched ? slot() == "Green" : page("site-0-green") == "page 2\n"; }));
    world.delete_app("site");
    world.delete_appliance();
    ASSERT_TRUE(wait_until([&] {
      return world.objects("apps.gantry.dev").empty() &&
             world.objects("appliances.gantry.dev").empty();
    }));
    EXPECT_EQ(world.lab->guest_count(), 0);
    EXPECT_THAT(world.leaks(), IsEmpty());
  }
}

// At each await of an update, one after the other, and in pairs.
TEST_F(BlueGreenStory, DeathsOfTheDaemonAreNoticedByNobody) {
  start(1);
  for (uint64_t update = 2; update < 40; ++update) {
    const auto page_now = "page " + std::to_string(update) + "\n";
    const bool is_bad_one = update % 5 == 0;
    set_page(is_bad_one ? "bad " + page_now : page_now);
    world.host(0).kill_after(97 * update);
    for (int step = 0; step < 240; ++step) {
      world.run_for(250ms);
      ASSERT_EQ(gap(), "") << "update " << update << ": " << schema::to_json(app());
      if (world.daemon_runs()) continue;
      world.start_daemon();
      if (step < 200) world.host(0).kill_after(61 * update + 13);
    }
    world.host(0).spare();
    if (!world.daemon_runs()) world.start_daemon();
    ASSERT_TRUE(wait_served([&] {
      const bool is_done = is_bad_one ? condition("Ready", "reason") == "RolledBack" : is_calm();
      return is_done && (is_there("site-0") != is_there("site-0-green"));
    })) << "update "
        << update << ": " << ready();
    const auto serving = slot() == "Blue" ? "site-0" : "site-0-green";
    EXPECT_TRUE(is_bad_one || page(serving) == page_now) << page(serving);
  }
}

// … and right after each call that changes something.
TEST_F(BlueGreenStory, AKillAfterEachWriteLeavesOneSet) {
  start(1);
  for (int update = 2; update < 6; ++update) {
    set_page("page " + std::to_string(update) + "\n");
    for (int kills = 0; kills < 8; ++kills) {
      world.kill_at_next_write();
      ASSERT_TRUE(wait_served([&] { return !world.daemon_runs() || is_calm(); }));
      world.spare_daemons();
      if (!world.daemon_runs()) world.start_daemon();
      world.run_for(2s);
    }
    ASSERT_TRUE(wait_served([&] {
      return is_calm() && is_there("site-0") != is_there("site-0-green");
    })) << ready();
    EXPECT_EQ(world.lab->guest_count(), 2);
  }
}

}  // namespace
}  // namespace gantry::sim
