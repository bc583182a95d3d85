// Updates with BlueGreen of an App with data: the volume changes its container, and whoever asks in
// the meantime waits for half a minute at most.
#include "tests/sim/stories/blue_green.h"

namespace gantry::sim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// The proxy holds a request so long.
constexpr Duration kHeld = 30s;

class HandoverStory : public BlueGreenStory {
 protected:
  HandoverStory() : HandoverStory(with_network()) {}
  explicit HandoverStory(WorldOptions options) : BlueGreenStory(std::move(options)) {}

  void begin(int replicas = 1, bool removed = false, const std::string& storage = "local") {
    start(replicas, [removed, storage](Json& spec) {
      spec.set("volumes",
               schema::parse_yaml("[{name: data, path: /srv/data, size: 1Gi, storageSelector: "
                                  "'storage.name == \"" +
                                  storage + "\"'}]")
                   ->front()
                   .value);
      if (removed) spec.member("deletion").set("volumes", "Delete");
    });
    for (int ordinal = 0; ordinal < replicas; ++ordinal)
      world.backend.inside(*world.vmid_of(name(ordinal)))->files[kDiary].content = diary(ordinal);
  }
  static std::string name(int ordinal, bool green = false) {
    return "site-" + std::to_string(ordinal) + (green ? "-green" : "");
  }
  static std::string diary(int ordinal) { return "diary of " + std::to_string(ordinal); }

  // A status that is written at the same moment refuses an edit.
  void scale(int replicas) {
    const auto is_so = [&] { return *app().find_path({"spec", "replicas"}) == Json(replicas); };
    for (int i = 0; i < 20 && !is_so(); ++i) {
      world.edit_app("site", [replicas](Json& spec) { spec.set("replicas", replicas); });
      world.run_for(250ms);
    }
    EXPECT_TRUE(is_so());
  }
  // Whose container has the data of that replica; empty: nobody's.
  std::string owner(int ordinal = 0) {
    std::string found;
    for (const bool green : {false, true}) {
      const auto vmid = world.vmid_of(name(ordinal, green));
      const auto guest = vmid.has_value() ? world.lab->find_guest(*vmid) : std::nullopt;
      if (!guest.has_value()) continue;
      const auto* system = world.backend.inside(*vmid);
      const bool has_file = system != nullptr && system->files.contains(kDiary) &&
                            system->files.at(kDiary).content == diary(ordinal);
      const bool has_disk = std::ranges::any_of(guest->config, [](const auto& value) {
        return value.first.starts_with("mp") &&
               value.second.find("mp=/srv/data") != std::string::npos;
      });
      EXPECT_EQ(has_file, has_disk) << name(ordinal, green);
      if (!has_disk) continue;
      EXPECT_EQ(found, "") << "two owners";
      found = name(ordinal, green);
    }
    return found;
  }
  // As wait_until, while somebody asks all the time; remembers the longest time that a request
  // waited.
  bool wait_held(const std::function<bool()>& is_so) {
    for (int i = 0; i < 7200 && !is_so(); ++i) {
      world.run_for(250ms);
      waited_ = gap().empty() ? Duration::zero() : waited_ + Duration(250ms);
      longest_ = std::max(longest_, waited_);
      EXPECT_NE(owner(), "") << schema::to_json(app());
    }
    return is_so();
  }
  bool is_over() {
    return app().find_path({"status", "handover"}) == nullptr && is_calm() &&
           is_there("site-0") != is_there("site-0-green");
  }

  static constexpr const char* kDiary = "/srv/data/diary";
  Duration waited_ = Duration::zero(), longest_ = Duration::zero();
};

TEST_F(HandoverStory, TheDataGoesToTheNewOneAndRequestsWait) {
  begin(2);
  const auto old = *world.vmid_of("site-0");
  set_page("page 2\n");
  // It is made ready, and what serves is not disturbed.
  ASSERT_TRUE(wait_served([&] { return is_there("site-0-green"); }));
  ASSERT_TRUE(wait_held([&] { return slot() == "Green"; })) << schema::to_json(app());
  EXPECT_LE(longest_, kHeld);
  EXPECT_GT(longest_, Duration::zero());
  EXPECT_EQ(owner(0), "site-0-green");
  EXPECT_EQ(owner(1), "site-1-green");
  ASSERT_TRUE(wait_held([&] { return is_over(); })) << ready();
  EXPECT_FALSE(world.lab->find_guest(old).has_value());
  EXPECT_EQ(page("site-1-green"), "page 2\n");
  EXPECT_THAT(events(), Contains(HasSubstr("HandingOver: the volumes go to site-0-green")));
  EXPECT_THAT(world.machine("site-0-green")->find_path({"spec", "node"}), ::testing::IsNull());
  // … and back.
  set_page("page 3\n");
  ASSERT_TRUE(wait_held([&] { return slot() == "Blue" && is_over(); }));
  EXPECT_LE(longest_, kHeld);
  EXPECT_EQ(page("site-0"), "page 3\n");
  EXPECT_EQ(owner(), "site-0");
}

TEST_F(HandoverStory, WhatCannotRunTheDataGoesBackToTheOldOne) {
  begin();
  const auto old = *world.vmid_of("site-0");
  set_page("bad page\n");
  ASSERT_TRUE(wait_held([&] { return owner() == "site-0-green"; }));
  ASSERT_TRUE(wait_held([&] { return condition("Ready", "reason") == "RolledBack"; })) << ready();
  ASSERT_TRUE(wait_held([&] { return !is_there("site-0-green"); })) << schema::to_json(app());
  EXPECT_EQ(gap(), "");
  EXPECT_EQ(owner(), "site-0");
  EXPECT_EQ(*world.vmid_of("site-0"), old);
  EXPECT_EQ(page("site-0"), "page 1\n");
  EXPECT_THAT(events(), Contains(HasSubstr("HandedBack: the volumes are back in site-0")));
  world.run_for(10min);
  EXPECT_EQ(gap(), "");
  set_page("page 2\n");
  EXPECT_TRUE(wait_held([&] { return slot() == "Green" && is_over(); }));
}

TEST_F(HandoverStory, AChangeInTheMiddleBringsTheDataBackFirst) {
  begin();
  set_page("page 2\n");
  ASSERT_TRUE(wait_held([&] { return owner() == "site-0-green"; }));
  set_page("page 3\n");
  ASSERT_TRUE(wait_held([&] { return owner() == "site-0"; })) << schema::to_json(app());
  ASSERT_TRUE(wait_held([&] { return slot() == "Green" && is_over(); })) << ready();
  EXPECT_EQ(page("site-0-green"), "page 3\n");
  EXPECT_EQ(owner(), "site-0-green");
}

TEST_F(HandoverStory, AnotherStrategyOrASuspensionInTheMiddleBringsTheDataBack) {
  begin();
  set_page("page 2\n");
  ASSERT_TRUE(wait_held([&] { return owner() == "site-0-green"; }));
  world.edit_app("site", [](Json& spec) { spec.member("update").set("strategy", "Recreate"); });
  ASSERT_TRUE(wait_held([&] { return is_over(); })) << ready();
  EXPECT_EQ(owner(), "site-0");
  EXPECT_EQ(page("site-0"), "page 2\n");
  world.edit_app("site", [](Json& spec) { spec.member("update").set("strategy", "BlueGreen"); });
  world.run_for(1s);
  set_page("page 3\n");
  ASSERT_TRUE(wait_held([&] { return owner() == "site-0-green"; })) << schema::to_json(app());
  world.edit_app("site", [](Json& spec) { spec.set("suspend", true); });
  ASSERT_TRUE(wait_held([&] { return owner() == "site-0"; })) << schema::to_json(app());
  world.run_for(5min);
  world.edit_app("site", [](Json& spec) { spec.set("suspend", false); });
  ASSERT_TRUE(wait_held([&] { return slot() == "Green" && is_over(); })) << ready();
  EXPECT_EQ(owner(), "site-0-green");
}

// Nobody knows whether it was executed: both configs tell.
TEST_F(HandoverStory, ALostAnswerMovesNothingTwice) {
  begin();
  const lab::RequestFault faults[] = {lab::RequestFault::lose_answer, lab::RequestFault::error_596,
                                      lab::RequestFault::duplicate,
                                      lab::RequestFault::lose_request};
  int number = 1;
  for (const auto fault : faults) {
    world.lab->faults().next_request(fault, "POST", "/move_volume");
    set_page("page " + std::to_string(++number) + "\n");
    ASSERT_TRUE(wait_held([&] { return told("currentRevision") == told("revision") && is_over(); }))
        << number << ": " << ready();
    EXPECT_EQ(owner(), slot() == "Blue" ? "site-0" : "site-0-green");
    world.run_for(10min);
    EXPECT_EQ(gap(), "");
  }
}

TEST_F(HandoverStory, ATaskThatFailsIsTriedAgain) {
  begin();
  world.lab->faults().next_task(lab::TaskFault::fail, "move_volume");
  set_page("page 2\n");
  ASSERT_TRUE(wait_held([&] { return slot() == "Green" && is_over(); })) << ready();
  EXPECT_EQ(owner(), "site-0-green");
  world.lab->faults().next_task(lab::TaskFault::kill, "move_volume");
  set_page("page 3\n");
  ASSERT_TRUE(wait_held([&] { return slot() == "Blue" && is_over(); })) << ready();
  EXPECT_EQ(owner(), "site-0");
}

// The proxy cannot be told to hold requests: what serves goes on.
TEST_F(HandoverStory, NothingIsStoppedWhileTheProxyLeadsThere) {
  begin();
  set_page("page 2\n");
  ASSERT_TRUE(wait_served([&] { return reason("site-0-green", "Ready").ends_with("Stopped"); }));
  world.channel_faults.refused = 1;
  for (int i = 0; i < 600; ++i) {
    world.run_for(500ms);
    ASSERT_EQ(gap(), "");
  }
  EXPECT_EQ(owner(), "site-0");
  world.channel_faults.refused = 0;
  ASSERT_TRUE(wait_held([&] { return slot() == "Green" && is_over(); })) << ready();
  EXPECT_LE(longest_, kHeld);
}

class HandoverOnThinStory : public HandoverStory {
 protected:
  HandoverOnThinStory() : HandoverStory(on_thin()) {}
  static WorldOptions on_thin() {
    auto options = with_network();
    options.tank = "lvmthin";
    return options;
  }
};

// Nothing is stopped for what cannot be done.
TEST_F(HandoverOnThinStory, ASnapshotHoldsTheVolumeAndThatIsSaid) {
  begin(1, false, "tank");
  const auto guest = *world.lab->find_guest(*world.vmid_of("site-0"));
  const auto path =
      absl::StrFormat("/nodes/%s/lxc/%d/snapshot", guest.node.get(), guest.vmid.get());
  world.by_root("POST", path, {{"snapname", "mine"}});
  world.run_for(10s);
  set_page("page 2\n");
  ASSERT_TRUE(wait_served([&] {
    return reason("site-0-green", "Held") == "True VolumesInSnapshot";
  })) << schema::to_json(app());
  EXPECT_THAT(message("site-0-green", "Held"), HasSubstr("pct delsnapshot"));
  for (int i = 0; i < 600; ++i) {
    world.run_for(500ms);
    ASSERT_EQ(gap(), "");
  }
  world.by_root("DELETE", path + "/mine", {});
  ASSERT_TRUE(wait_held([&] { return slot() == "Green" && is_over(); })) << ready();
  EXPECT_EQ(owner(), "site-0-green");
}

TEST_F(HandoverStory, FewerOrMoreInTheMiddleIsForAfterwards) {
  begin(2);
  set_page("page 2\n");
  ASSERT_TRUE(wait_held([&] { return owner() == "site-0-green"; }));
  scale(1);
  ASSERT_TRUE(wait_held([&] { return slot() == "Green" && is_over(); })) << schema::to_json(app());
  EXPECT_FALSE(is_there("site-1-green"));
  set_page("page 3\n");
  ASSERT_TRUE(wait_held([&] { return owner() == "site-0"; }));
  scale(3);
  ASSERT_TRUE(wait_held([&] { return slot() == "Blue" && is_over() && is_there("site-2"); }))
      << schema::to_json(app());
}

TEST_F(HandoverStory, WhoeverIsDeletedInTheMiddleKeepsItsData) {
  for (const bool removed : {false, true}) {
    begin(1, removed);
    set_page("page 2\n");
    ASSERT_TRUE(wait_held([&] { return owner() == "site-0-green"; }));
    const auto green = *world.vmid_of("site-0-green");
    world.delete_app("site");
    ASSERT_TRUE(wait_until([&] { return world.objects("apps.gantry.dev").empty(); }));
    const auto guest = world.lab->find_guest(green);
    EXPECT_EQ(guest.has_value(), !removed);
    if (guest.has_value()) {
      EXPECT_FALSE(guest->running);
      EXPECT_EQ(world.backend.inside(green)->files.at(kDiary).content, diary(0));
    }
    world.delete_appliance();
    world.run_for(10min);
  }
}

// At each await of an update, one after the other, and in pairs.
TEST_F(HandoverStory, DeathsOfTheDaemonLoseNothing) {
  begin();
  const auto look = [&](uint64_t update) {
    ASSERT_NE(owner(), "") << "update " << update << ": " << schema::to_json(app());
  };
  const auto wait = [&](const std::function<bool()>& is_so) { return wait_held(is_so); };
  update_with_deaths(30, look, wait, [&](const std::string& serving) {
    EXPECT_EQ(owner(), serving);
    EXPECT_EQ(gap(), "");
  });
}

// … and right after each call that changes something.
TEST_F(HandoverStory, AKillAfterEachWriteLosesNothing) {
  begin();
  for (int update = 2; update < 6; ++update) {
    set_page("page " + std::to_string(update) + "\n");
    for (int kills = 0; kills < 14; ++kills) {
      world.kill_at_next_write();
      ASSERT_TRUE(wait_held([&] { return !world.daemon_runs() || is_over(); }));
      world.spare_daemons();
      if (!world.daemon_runs()) world.start_daemon();
      world.run_for(2s);
    }
    ASSERT_TRUE(wait_held([&] { return is_over(); })) << ready();
    EXPECT_EQ(world.lab->guest_count(), 2);
  }
}

}  // namespace
}  // namespace gantry::sim
