// Guests that the HA manager manages. Texts and timing are from the sources.
#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/lab/testing_http.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;
using gantry::testing::IsOk;
using lab::testing::kId;
using ::testing::Contains;
using ::testing::HasSubstr;

const NodeName kFirst("pve1"), kSecond("pve2");

struct HaTest : ::testing::Test {
  void make(const std::string& storage, const std::string& state) {
    auto parameters = lab::testing::small_container();
    parameters["rootfs"] = storage + ":4";
    ASSERT_EQ(world.outcome(*root, root->create_guest(kFirst, kId, parameters)), "OK");
    ASSERT_EQ(world.call("POST", "/cluster/ha/resources", {{"sid", "100"}, {"state", state}}).text,
              "200");
  }
  GuestRecord guest() { return *world.lab.find_guest(kId); }
  std::string state() {
    const auto rows = world.call("GET", "/cluster/ha/status/current").data;
    for (const auto& row : rows.as_array()) {
      if (row.string_or("id", "") == "service:ct:100") return row.string_or("state", "");
    }
    return "";
  }

  lab::testing::HttpWorld world{cluster_of(3)};
  std::unique_ptr<pve::Client> root = world.lab.client(world.lab.root_token().id);
};

TEST_F(HaTest, AStartOnlyAsksAndEndsBeforeTheGuestRuns) {
  make("nfs", "stopped");
  EXPECT_EQ(state(), "queued");
  world.pass(30s);
  EXPECT_EQ(state(), "stopped");
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/100/status/start"), "OK");
  EXPECT_THAT(world.last_log(), Contains("Requesting HA start for CT 100"));
  EXPECT_FALSE(guest().running);
  EXPECT_EQ(state(), "starting");
  world.pass(30s);
  EXPECT_TRUE(guest().running);
  EXPECT_EQ(state(), "started");
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/100/status/stop"), "OK");
  EXPECT_TRUE(guest().running);
  world.pass(30s);
  EXPECT_FALSE(guest().running);
}

TEST_F(HaTest, WhatIsStoppedByHandIsStartedAgain) {
  make("nfs", "started");
  world.pass(30s);
  ASSERT_TRUE(guest().running);
  ASSERT_THAT(world.run(world.lab.stop_guest(kId)), IsOk());
  world.pass(20s);
  EXPECT_TRUE(guest().running);
}

TEST_F(HaTest, GuestsOfADeadNodeMoveByThemselves) {
  make("nfs", "started");
  world.pass(30s);
  ASSERT_THAT(world.run(world.lab.set_node_online(NodeName("pve3"), false)), IsOk());
  EXPECT_EQ(
      world.exit_of("POST", "/nodes/pve1/lxc/100/migrate", {{"target", "pve2"}, {"restart", "1"}}),
      "OK");
  EXPECT_EQ(guest().node, kFirst);  // only asked for
  world.pass(60s);
  ASSERT_EQ(guest().node, kSecond);
  ASSERT_TRUE(guest().running);
  ASSERT_THAT(world.run(world.lab.set_node_online(kSecond, false)), IsOk());
  world.pass(90s);
  EXPECT_EQ(guest().node, kSecond);
  EXPECT_EQ(state(), "fence");
  world.pass(90s);
  EXPECT_EQ(guest().node, kFirst);
  EXPECT_TRUE(guest().running);
}

TEST_F(HaTest, ALocalDiskStaysOnTheDeadNodeAndTheStartFails) {
  make("local", "started");
  world.pass(30s);
  world.lab.set_quorate(true);
  ASSERT_THAT(world.run(world.lab.set_node_online(kFirst, false)), IsOk());
  const auto other = world.lab.client(world.lab.root_token().id, kSecond);
  world.pass(300s);
  EXPECT_NE(guest().node, kFirst);
  EXPECT_FALSE(guest().running);
  ASSERT_THAT(world.run(world.lab.set_node_online(kFirst, true)), IsOk());
  EXPECT_EQ(state(), "error");
  EXPECT_EQ(world.exit_of("POST", "/nodes/" + guest().node.get() + "/lxc/100/status/start"),
            "command 'ha-manager set ct:100 --state started' failed: exit code 255");
}

TEST_F(HaTest, DestroyingNeedsPurge) {
  make("nfs", "stopped");
  EXPECT_EQ(world.exit_of("DELETE", "/nodes/pve1/lxc/100"),
            "500 unable to remove CT 100 - used in HA resources and purge parameter not set.");
  EXPECT_EQ(world.exit_of("DELETE", "/nodes/pve1/lxc/100", {{"purge", "1"}}), "OK");
  EXPECT_EQ(world.call("GET", "/cluster/ha/resources/ct:100").text,
            "500 no such resource 'ct:100'");
}

TEST_F(HaTest, AnIgnoredResourceIsNotManaged) {
  make("nfs", "ignored");
  world.pass(30s);
  EXPECT_EQ(world.exit_of("POST", "/nodes/pve1/lxc/100/status/start"), "OK");
  EXPECT_TRUE(guest().running);
  EXPECT_EQ(world.call("DELETE", "/cluster/ha/resources/ct:100").text,
            "500 resource 'ct:100' is not HA managed");
}

TEST_F(HaTest, RulesSayWhereAndKnowTheirResources) {
  make("nfs", "started");
  EXPECT_EQ(world
                .call("POST", "/cluster/ha/rules",
                      {{"rule", "away"}, {"type", "node-affinity"}, {"resources", "ct:100"}})
                .text,
            "400 nodes: property is missing and it is not optional");
  EXPECT_EQ(world
                .call("POST", "/cluster/ha/rules",
                      {{"rule", "away"},
                       {"type", "node-affinity"},
                       {"resources", "ct:101"},
                       {"nodes", "pve3"}})
                .text,
            "500 cannot use unmanaged resource(s) ct:101.");
  EXPECT_EQ(world
                .call("POST", "/cluster/ha/rules",
                      {{"rule", "away"},
                       {"type", "node-affinity"},
                       {"resources", "ct:100"},
                       {"nodes", "pve3"},
                       {"strict", "1"}})
                .text,
            "200");
  world.pass(30s);
  ASSERT_THAT(world.run(world.lab.set_node_online(kSecond, false)), IsOk());
  EXPECT_EQ(world.call("POST", "/cluster/ha/resources/ct:100/migrate", {{"node", "pve3"}}).text,
            "200");
  world.pass(60s);
  EXPECT_EQ(guest().node, NodeName("pve3"));
  ASSERT_THAT(world.run(world.lab.set_node_online(NodeName("pve3"), false)), IsOk());
  world.pass(300s);
  EXPECT_EQ(state(), "recovery");  // the rule allows no other node
}

TEST_F(HaTest, AClusterWithoutResourcesHasNoManagerAtWork) {
  const auto rows = world.call("GET", "/cluster/ha/status/current").data;
  EXPECT_EQ(rows.size(), 2u);
  EXPECT_EQ(world.call("POST", "/cluster/ha/resources", {{"sid", "ct:999"}}).text,
            "500 resource 'ct:999' does not exist in cluster");
}

}  // namespace
}  // namespace gantry::lab
