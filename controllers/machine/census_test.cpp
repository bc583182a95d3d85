#include "controllers/machine/census.h"

#include <gmock/gmock.h>

#include "pkg/base/testing.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

const Time kNow = from_unix_seconds(1'800'000'000);
const ClusterName kHome("home");
const NodeName kNode("pve1");

Census census_of(int machines) {
  Census census;
  for (int i = 0; i < machines; ++i) {
    auto& entry = census.entry(Uid("u" + std::to_string(i)));
    entry.cluster = kHome;
    entry.machine_class = i % 2 == 0 ? "small" : "large";
    entry.node = kNode;
    entry.vmid = VmId(20000 + i);
  }
  return census;
}

TEST(Census, BoundsDisruptiveRepairsPerObjectNodeAndCluster) {
  const api::v1alpha1::ClusterLimits limits;
  auto census = census_of(100);
  EXPECT_THAT(census.may_repair(Uid("u0"), limits, kNow), IsOk());
  census.entry(Uid("u0")).repairs = {kNow - 50min, kNow - 40min, kNow - 30min};
  EXPECT_THAT(census.may_repair(Uid("u0"), limits, kNow),
              Fails(ErrorClass::held, HasSubstr("object")));
  EXPECT_THAT(census.may_repair(Uid("u0"), limits, kNow + 15min), IsOk());

  for (int i = 1; i <= 5; ++i) census.entry(Uid("u" + std::to_string(i))).repairs = {kNow - 1min};
  EXPECT_THAT(census.may_repair(Uid("u9"), limits, kNow),
              Fails(ErrorClass::held, HasSubstr("node")));
  census.entry(Uid("u9")).node = NodeName("pve2");
  EXPECT_THAT(census.may_repair(Uid("u9"), limits, kNow),
              Fails(ErrorClass::held, HasSubstr("cluster")));
  EXPECT_THAT(census.may_repair(Uid("u9"), limits, kNow + 10min), IsOk());
}

TEST(Census, FindsTheNumbersThatAreWorthAWrite) {
  auto census = census_of(4);
  inventory::Snapshot snapshot;
  snapshot.observed_at = kNow;
  for (int i = 0; i < 3; ++i) {
    auto& row = snapshot.guests[VmId(20000 + i)];
    row.memory_total = 1000;
    row.memory_used = 500;
    auto& entry = census.entry(Uid("u" + std::to_string(i)));
    entry.well = true;
    entry.measured = {kNow - 30s, usage_of(row)};
  }
  census.entry(Uid("u3")).well = true;  // not listed
  EXPECT_TRUE(census.outdated(kHome, snapshot).empty());
  snapshot.guests[VmId(20000)].memory_used = 600;
  census.entry(Uid("u1")).measured.at = kNow - 60s;
  snapshot.guests[VmId(20002)].memory_used = 600;
  census.entry(Uid("u2")).well = false;
  EXPECT_THAT(census.outdated(kHome, snapshot), ::testing::ElementsAre(Uid("u0"), Uid("u1")));
  EXPECT_TRUE(census.outdated(ClusterName("other"), snapshot).empty());
}

TEST(Census, CountsForPlacementWhatIsThereAndWhatIsUnderWay) {
  auto census = census_of(4);
  census.entry(Uid("u1")).task = Upid("UPID:a");
  census.entry(Uid("u2")).calling = true;
  census.entry(Uid("u2")).creating = true;
  census.entry(Uid("u2")).creating_on = StorageId("local");
  census.entry(Uid("u3")).creating = true;  // begun before a restart
  inventory::Snapshot snapshot;
  for (const char* upid : {"UPID:a", "UPID:stranger"}) {
    auto& task = snapshot.running_tasks.emplace_back();
    task.upid = Upid(upid);
    task.node = kNode;
  }
  const auto load = census.load(Uid("u0"), kHome, "small", snapshot);
  EXPECT_EQ(load.machines.at(kNode), 3);
  EXPECT_EQ(load.of_class.at(kNode), 1);
  EXPECT_EQ(load.tasks.at(kNode), 3);  // one of ours in both lists counts once
  EXPECT_EQ(load.creates.at({kNode, StorageId("local")}), 1);
  EXPECT_EQ(load.creates_somewhere.at(kNode), 1);
}

}  // namespace
}  // namespace gantry::controllers::machine
