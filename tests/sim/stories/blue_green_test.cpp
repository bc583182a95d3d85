// Updates with BlueGreen: the new version beside the old one, and nobody who asks for the App is
// ever sent to something that does not serve.
#include "tests/sim/stories/blue_green.h"

#include "pkg/schema/json.h"

namespace gantry::sim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

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
  const auto look = [&](uint64_t update) {
    ASSERT_EQ(gap(), "") << "update " << update << ": " << schema::to_json(app());
  };
  const auto wait = [&](const std::function<bool()>& is_so) { return wait_served(is_so); };
  update_with_deaths(40, look, wait, [](const std::string&) {});
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
