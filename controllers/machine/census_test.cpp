#include "controllers/machine/census.h"

#include <gmock/gmock.h>

#include "controllers/machine/testing.h"
#include "pkg/base/random.h"
#include "pkg/base/testing.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

const ClusterName kHome("home");

Census census_of(int machines) {
  Census census;
  for (int i = 0; i < machines; ++i) {
    census.change(Uid("u" + std::to_string(i)), [i](CensusEntry& entry) {
      entry.cluster = kHome;
      entry.machine_class = i % 2 == 0 ? "small" : "large";
      entry.node = kNode;
      entry.vmid = VmId(20000 + i);
    });
  }
  return census;
}

void repair(Census& census, const std::string& uid, std::vector<Time> when) {
  census.change(Uid(uid), [&](CensusEntry& entry) { entry.repairs = std::move(when); });
}

// A zero says as much as nothing.
template <class Counts>
Counts filled(Counts counts) {
  std::erase_if(counts, [](const auto& entry) { return entry.second == 0; });
  return counts;
}

TEST(Census, BoundsDisruptiveRepairsPerObjectNodeAndCluster) {
  const api::v1alpha1::ClusterLimits limits;
  auto census = census_of(100);
  EXPECT_THAT(census.may_repair(Uid("u0"), limits, kNow), IsOk());
  repair(census, "u0", {kNow - 50min, kNow - 40min, kNow - 30min});
  EXPECT_THAT(census.may_repair(Uid("u0"), limits, kNow),
              Fails(ErrorClass::held, HasSubstr("object")));
  EXPECT_THAT(census.may_repair(Uid("u0"), limits, kNow + 15min), IsOk());

  for (int i = 1; i <= 5; ++i) repair(census, "u" + std::to_string(i), {kNow - 1min});
  EXPECT_THAT(census.may_repair(Uid("u9"), limits, kNow),
              Fails(ErrorClass::held, HasSubstr("node")));
  census.change(Uid("u9"), [](CensusEntry& entry) { entry.node = NodeName("pve2"); });
  EXPECT_THAT(census.may_repair(Uid("u9"), limits, kNow),
              Fails(ErrorClass::held, HasSubstr("cluster")));
  EXPECT_THAT(census.may_repair(Uid("u9"), limits, kNow + 10min), IsOk());
}

// One that is being made again is nowhere yet, or elsewhere.
TEST(Census, CountsARepairWhereItWasNeeded) {
  const api::v1alpha1::ClusterLimits limits;
  auto census = census_of(200);
  for (int i = 1; i <= 5; ++i) {
    repair(census, "u" + std::to_string(i), {kNow - 1min});
    census.change(Uid("u" + std::to_string(i)), [](CensusEntry& entry) {
      entry.repaired_on = entry.node;
      entry.node = NodeName("pve2");
    });
  }
  EXPECT_THAT(census.may_repair(Uid("u9"), limits, kNow),
              Fails(ErrorClass::held, HasSubstr("node")));
  census.change(Uid("u9"), [](CensusEntry& entry) { entry.node = NodeName("pve2"); });
  EXPECT_THAT(census.may_repair(Uid("u9"), limits, kNow), IsOk());
}

TEST(Census, FindsTheNumbersThatAreWorthAWrite) {
  auto census = census_of(4);
  inventory::Snapshot snapshot;
  snapshot.observed_at = kNow;
  for (int i = 0; i < 3; ++i) {
    auto& row = snapshot.guests[VmId(20000 + i)];
    row.memory_total = 1000;
    row.memory_used = 500;
    census.change(Uid("u" + std::to_string(i)), [&row](CensusEntry& entry) {
      entry.well = true;
      entry.measured = {kNow - 30s, usage_of(row)};
    });
  }
  census.change(Uid("u3"), [](CensusEntry& entry) { entry.well = true; });  // not listed
  EXPECT_TRUE(census.outdated(kHome, snapshot).empty());
  snapshot.guests[VmId(20000)].memory_used = 600;
  census.change(Uid("u1"), [](CensusEntry& entry) { entry.measured.at = kNow - 60s; });
  snapshot.guests[VmId(20002)].memory_used = 600;
  census.change(Uid("u2"), [](CensusEntry& entry) { entry.well = false; });
  EXPECT_THAT(census.outdated(kHome, snapshot), ::testing::ElementsAre(Uid("u0"), Uid("u1")));
  EXPECT_TRUE(census.outdated(ClusterName("other"), snapshot).empty());
}

TEST(Census, CountsForPlacementWhatIsThereAndWhatIsUnderWay) {
  auto census = census_of(4);
  census.change(Uid("u1"), [](CensusEntry& entry) { entry.task = Upid("UPID:a"); });
  census.change(Uid("u2"), [](CensusEntry& entry) {
    entry.calling = true;
    entry.creating = true;
    entry.creating_on = StorageId("local");
  });
  // Begun before a restart.
  census.change(Uid("u3"), [](CensusEntry& entry) { entry.creating = true; });
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

// However it came about: the same as of a census that has seen nothing else.
TEST(Census, SumsFollowEveryChange) {
  SeededRandom random(7);
  Census census;
  inventory::Snapshot snapshot;
  for (const char* upid : {"UPID:0", "UPID:1", "UPID:2"}) {
    auto& task = snapshot.running_tasks.emplace_back();
    task.upid = Upid(upid);
    task.node = kNode;
  }
  const auto uid = [&random] { return Uid("u" + std::to_string(random.below(6))); };
  for (int step = 0; step < 500; ++step) {
    if (random.below(10) == 0) census.forget(uid());
    census.change(uid(), [&random](CensusEntry& entry) {
      entry.cluster = random.below(5) == 0 ? ClusterName("other") : kHome;
      entry.machine_class = random.below(2) == 0 ? "small" : "large";
      entry.node = NodeName(random.below(4) == 0 ? "" : "pve" + std::to_string(random.below(3)));
      entry.vmid = random.below(2) == 0 ? std::optional(VmId(100)) : std::nullopt;
      entry.task = Upid(random.below(2) == 0 ? "" : "UPID:" + std::to_string(random.below(3)));
      entry.calling = random.below(2) == 0;
      entry.creating = random.below(2) == 0;
      if (random.below(2) == 0) entry.creating_on = StorageId("local");
      if (random.below(2) == 0) entry.repairs = {kNow};
    });
    const auto self = uid();
    Census others;
    for (const auto& [other, known] : census.entries()) {
      if (other != self)
        others.change(other, [&known = known](CensusEntry& entry) { entry = known; });
    }
    const auto load = census.load(self, kHome, "small", snapshot);
    const auto afresh = others.load(self, kHome, "small", snapshot);
    EXPECT_EQ(filled(load.machines), filled(afresh.machines));
    EXPECT_EQ(filled(load.of_class), filled(afresh.of_class));
    EXPECT_EQ(filled(load.tasks), filled(afresh.tasks));
    EXPECT_EQ(filled(load.creates), filled(afresh.creates));
    EXPECT_EQ(filled(load.creates_somewhere), filled(afresh.creates_somewhere));
  }
}

}  // namespace
}  // namespace gantry::controllers::machine
