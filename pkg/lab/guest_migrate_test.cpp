// Moving containers between nodes. No recording has more than one node: texts are from the sources.
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

const NodeName kFrom("pve1"), kTo("pve2");

struct MigrationTest : ::testing::Test {
  void make(const std::string& storage) {
    auto parameters = lab::testing::small_container();
    parameters["rootfs"] = storage + ":4";
    ASSERT_EQ(world.outcome(*root, root->create_guest(kFrom, kId, parameters)), "OK");
  }
  std::string migrate(pve::Parameters parameters) {
    parameters.try_emplace("target", kTo.get());
    return world.exit_of("POST", "/nodes/pve1/lxc/100/migrate", parameters);
  }
  GuestRecord guest() { return *world.lab.find_guest(kId); }

  lab::testing::HttpWorld world{cluster_of(3)};
  std::unique_ptr<pve::Client> root = world.lab.client(world.lab.root_token().id);
};

TEST_F(MigrationTest, AStoppedContainerTakesItsLocalDiskAlong) {
  make("local");
  EXPECT_EQ(migrate({}), "OK");
  EXPECT_EQ(guest().node, kTo);
  EXPECT_FALSE(guest().config.contains("lock"));
  ASSERT_EQ(world.lab.volumes().size(), 1u);
  EXPECT_EQ(world.lab.volumes()[0].node, kTo);
  EXPECT_EQ(world.outcome(*root, root->start_guest(kTo, kId)), "OK");
  const auto log = world.last_log();
  EXPECT_THAT(log, Contains(HasSubstr("starting migration of CT 100 to node 'pve2' (127.0.0.2)")));
  EXPECT_THAT(log, Contains(HasSubstr("migration finished successfully (duration 00:00:0")));
}

TEST_F(MigrationTest, ARunningOneMovesOnlyByRestart) {
  make("nfs");
  ASSERT_EQ(world.outcome(*root, root->start_guest(kFrom, kId)), "OK");
  EXPECT_EQ(migrate({}), "500 can't migrate running container without --online or --restart");
  EXPECT_EQ(migrate({{"online", "1"}}), "migration aborted");
  EXPECT_TRUE(guest().running);
  EXPECT_EQ(migrate({{"restart", "1"}}), "OK");
  EXPECT_EQ(guest().node, kTo);
  EXPECT_TRUE(guest().running);
  EXPECT_EQ(guest().config.at("rootfs"), "nfs:100/vm-100-disk-0.raw,size=4G");
}

TEST_F(MigrationTest, WithATargetStorageTheDiskGetsAnotherName) {
  make("local");
  EXPECT_EQ(migrate({{"target-storage", "nfs"}}), "OK");
  EXPECT_EQ(guest().config.at("rootfs"), "nfs:100/vm-100-disk-0.raw,size=4G");
  EXPECT_EQ(world.outcome(*root, root->start_guest(kTo, kId)), "OK");
  ASSERT_EQ(world.outcome(*root, root->stop_guest(kTo, kId)), "OK");
  EXPECT_EQ(world.outcome(*root, root->destroy_guest(kTo, kId, {})), "OK");
  EXPECT_EQ(world.backend.container_count(), 0u);
}

TEST_F(MigrationTest, WhatCannotBeIsRefusedBeforeATaskBegins) {
  make("local");
  EXPECT_EQ(migrate({{"target", "pve1"}}), "400 target: target is local node.");
  EXPECT_EQ(migrate({{"target", "pve9"}}), "500 no such cluster node 'pve9'");
  EXPECT_EQ(migrate({{"target-storage", "nope"}}), "500 storage 'nope' does not exist");
  world.lab.set_quorate(false);
  EXPECT_EQ(migrate({}), "500 cluster not ready - no quorum?");
}

TEST_F(MigrationTest, AFullTargetLeavesItWhereItIs) {
  make("local");
  world.lab.fill_storage(StorageId("nfs"), int64_t{1} << 50);
  EXPECT_EQ(migrate({{"target-storage", "nfs"}}), "migration aborted");
  EXPECT_THAT(world.last_log(), Contains(HasSubstr("No space left on device")));
  EXPECT_EQ(guest().node, kFrom);
  EXPECT_FALSE(guest().config.contains("lock"));
  EXPECT_EQ(world.lab.volumes().size(), 1u);
}

TEST_F(MigrationTest, NeedsItsOwnPrivilege) {
  make("local");
  const auto limited = world.lab.set_up_least_privilege("gantry");
  ASSERT_THAT(world.lab.set_pool(kId, "gantry"), IsOk());
  const auto reply =
      world.call("POST", "/nodes/pve1/lxc/100/migrate", {{"target", "pve2"}}, limited);
  EXPECT_EQ(reply.status, 403);
  EXPECT_THAT(reply.text, HasSubstr("(/vms/100, VM.Migrate)"));
}

TEST_F(MigrationTest, ADeadTargetOrAnInterruptLeavesEverythingWhereItWas) {
  make("local");
  ASSERT_EQ(world.outcome(*root, root->start_guest(kFrom, kId)), "OK");
  ASSERT_THAT(world.run(world.lab.set_node_online(kTo, false)), IsOk());
  EXPECT_EQ(migrate({{"restart", "1"}}), "migration aborted");
  EXPECT_TRUE(guest().running);
  ASSERT_THAT(world.run(world.lab.set_node_online(kTo, true)), IsOk());
  const auto begun =
      world.call("POST", "/nodes/pve1/lxc/100/migrate", {{"target", "pve2"}, {"restart", "1"}});
  world.pass(4s);
  EXPECT_EQ(guest().config.at("lock"), "migrate");
  const Upid upid(begun.data.as_string());
  EXPECT_EQ(world.call("DELETE", "/nodes/pve1/tasks/" + upid.get()).status, 200);
  EXPECT_EQ(world.wait(*root, upid).exit_status, "received interrupt");
  EXPECT_EQ(guest().node, kFrom);
  EXPECT_TRUE(guest().running);
  EXPECT_FALSE(guest().config.contains("lock"));
  ASSERT_EQ(world.lab.volumes().size(), 1u);
  EXPECT_EQ(world.lab.volumes()[0].node, kFrom);
}

TEST_F(MigrationTest, AKilledWorkerLeavesItsLock) {
  make("local");
  const auto begun = world.call("POST", "/nodes/pve1/lxc/100/migrate", {{"target", "pve2"}});
  world.pass(1s);
  ASSERT_TRUE(world.lab.kill_task(Upid(begun.data.as_string())));
  world.pass(10s);
  EXPECT_EQ(guest().node, kFrom);
  EXPECT_EQ(world.outcome(*root, root->start_guest(kFrom, kId)), "CT is locked (migrate)");
}

TEST_F(MigrationTest, PreconditionsNameTheOtherNodes) {
  make("local");
  const auto reply = world.call("GET", "/nodes/pve1/lxc/100/migrate");
  EXPECT_EQ(reply.data.integer_or("running", -1), 0);
  EXPECT_EQ(reply.data.find("allowed-nodes")->size(), 2u);
}

}  // namespace
}  // namespace gantry::lab
