#include "pkg/lab/rehearsal/rehearsal.h"

#include "pkg/base/testing.h"
#include "pkg/lab/testing.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;
using gantry::testing::IsOk;

class RehearsalTest : public ::testing::Test {
 protected:
  ~RehearsalTest() override { EXPECT_THAT(world_.run(rehearsal_.stop()), IsOk()); }
  void play(const std::string& text) {
    const auto profile = parse_profile(text, "profile");
    ASSERT_THAT(profile, IsOk());
    rehearsal_.play(*profile);
  }
  void make(VmId vmid) {
    GuestRecord guest;
    guest.vmid = vmid;
    guest.node = NodeName("pve1");
    guest.running = true;
    ASSERT_THAT(world_.lab.put_guest(std::move(guest)), IsOk());
  }

  lab::testing::World world_{cluster_of(3)};
  Rehearsal rehearsal_{world_.lab, world_.clock, world_.loop.executor()};
  const NodeName pve2_{"pve2"};
};

TEST_F(RehearsalTest, ANodeIsOfflineForAWhile) {
  play("{schedule: [{at: 30s, for: 60s, nodeOffline: pve2}]}");
  world_.pass(29s);
  EXPECT_TRUE(world_.lab.is_node_online(pve2_));
  world_.pass(2s);
  EXPECT_FALSE(world_.lab.is_node_online(pve2_));
  world_.pass(60s);
  EXPECT_TRUE(world_.lab.is_node_online(pve2_));
}

TEST_F(RehearsalTest, WhatComesEveryComesAgain) {
  play("{schedule: [{at: 10s, for: 5s, every: 20s, nodeOffline: pve2}]}");
  world_.pass(12s);
  EXPECT_FALSE(world_.lab.is_node_online(pve2_));
  world_.pass(10s);
  EXPECT_TRUE(world_.lab.is_node_online(pve2_));
  world_.pass(10s);
  EXPECT_FALSE(world_.lab.is_node_online(pve2_));
}

TEST_F(RehearsalTest, ANewProfileEndsWhatTheOldOneBegan) {
  play("{requests: {chances: {delay: 1}}, schedule: [{at: 1s, for: 1h, nodeOffline: pve2}]}");
  world_.pass(2s);
  EXPECT_FALSE(world_.lab.is_node_online(pve2_));
  play("{}");
  world_.pass(1s);
  EXPECT_TRUE(world_.lab.is_node_online(pve2_));
  EXPECT_EQ(world_.lab.faults().request_chances[RequestFault::delay], 0);
  EXPECT_TRUE(rehearsal_.playing().schedule.empty());
}

TEST_F(RehearsalTest, AGuestIsStoppedByAPersonWithATask) {
  const VmId vmid(100);
  const NodeName node("pve1");
  const auto client = world_.lab.client(world_.lab.root_token().id);
  EXPECT_EQ(
      world_.outcome(*client, client->create_guest(node, vmid, lab::testing::small_container())),
      "OK");
  EXPECT_EQ(world_.outcome(*client, client->start_guest(node, vmid)), "OK");
  play("{schedule: [{at: 1s, stopGuest: 100}]}");
  world_.pass(10s);
  EXPECT_FALSE(world_.lab.find_guest(vmid)->running);
  const auto tasks = world_.run(client->tasks(node, vmid));
  ASSERT_THAT(tasks, IsOk());
  EXPECT_EQ(tasks->front().type, "vzstop");
  EXPECT_EQ(tasks->front().user, "root@pam");
}

TEST_F(RehearsalTest, TheRestHappensToo) {
  make(VmId(100));
  make(VmId(101));
  play(R"({schedule: [{at: 1s, for: 10s, quorumLost: true}, {at: 2s, killGuest: 100},
                      {at: 1s, for: 10s, lockGuest: {vmid: 101}},
                      {at: 3s, moveGuest: {vmid: 101, node: pve2}},
                      {at: 3s, destroyGuest: 100}, {at: 4s, stopGuest: 999},
                      {at: 1s, for: 10s, daemonDown: pve3},
                      {at: 1s, for: 10s, storageFull: {storage: local, size: 10Gi}},
                      {at: 1s, for: 10s, privilegeLost: {user: root@pam, privilege: VM.Audit}}]})");
  world_.pass(2500ms);
  const auto client = world_.lab.client(world_.lab.root_token().id);
  EXPECT_FALSE(world_.run(client->cluster_status())->quorate);
  EXPECT_FALSE(world_.lab.find_guest(VmId(100))->running);
  EXPECT_EQ(world_.lab.find_guest(VmId(101))->config["lock"], "backup");
  EXPECT_TRUE(world_.run(client->resources())->guests.empty());
  world_.pass(10s);
  EXPECT_TRUE(world_.run(client->cluster_status())->quorate);
  EXPECT_FALSE(world_.lab.find_guest(VmId(100)).has_value());
  EXPECT_EQ(world_.lab.find_guest(VmId(101))->node, pve2_);
  EXPECT_FALSE(world_.lab.find_guest(VmId(101))->config.contains("lock"));
  EXPECT_EQ(world_.run(client->resources())->guests.size(), 1u);
}

}  // namespace
}  // namespace gantry::lab
