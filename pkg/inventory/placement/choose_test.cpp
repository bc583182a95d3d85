#include "pkg/inventory/placement/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/testing.h"

namespace gantry::inventory::placement {
namespace {

using gantry::testing::Fails;
using ::testing::HasSubstr;

constexpr int64_t kGiB = int64_t{1} << 30;

// Two nodes with one storage each, a template on both.
struct Scene {
  api::v1alpha1::MachineClassSpec spec;
  api::v1alpha1::ClusterLimits limits;
  Demand demand;
  Load load;
  std::vector<TemplatePlace> templates;
  Snapshot snapshot;

  Scene() {
    demand.memory = kGiB;
    demand.disk = 8 * kGiB;
    demand.bridges = {"vmbr0"};
    for (const char* name : {"pve1", "pve2"}) {
      pve::NodeRow node;
      node.name = NodeName(name);
      node.status = "online";
      node.memory_total = 32 * kGiB;
      node.memory_used = 4 * kGiB;
      snapshot.nodes[node.name] = node;
      pve::StorageRow storage;
      storage.id = StorageId("local");
      storage.node = node.name;
      storage.type = "dir";
      storage.active = true;
      storage.content = {"rootdir", "vztmpl"};
      storage.available = 100 * kGiB;
      snapshot.storages.push_back(storage);
      snapshot.bridges[node.name] = {"vmbr0"};
      templates.push_back({node.name, "local:vztmpl/debian", std::nullopt});
    }
  }
  std::variant<Place, NoPlace> choose() const {
    const auto selectors = compile(spec);
    EXPECT_TRUE(selectors.ok()) << selectors.status();
    return placement::choose(spec.placement, limits, demand, load,
                             find_candidates(*selectors, snapshot), templates, snapshot);
  }
  std::string node() const {
    const auto chosen = choose();
    const auto* place = std::get_if<Place>(&chosen);
    return place == nullptr ? std::get<NoPlace>(chosen).message : place->node.get();
  }
  NoPlace none() const { return std::get<NoPlace>(choose()); }
};

TEST(Choose, SpreadTakesTheEmptierNodeAndPackTheFuller) {
  Scene scene;
  scene.load.of_class = {{NodeName("pve1"), 2}, {NodeName("pve2"), 1}};
  EXPECT_EQ(scene.node(), "pve2");
  scene.spec.placement.strategy = api::v1alpha1::PlacementStrategy::pack;
  EXPECT_EQ(scene.node(), "pve1");
}

TEST(Choose, EqualNodesGoByFreeMemoryThenName) {
  Scene scene;
  EXPECT_EQ(scene.node(), "pve1");
  scene.snapshot.nodes[NodeName("pve1")].memory_used = 5 * kGiB;
  EXPECT_EQ(scene.node(), "pve2");
}

TEST(Choose, KeepsTheLimits) {
  Scene scene;
  scene.spec.placement.max_per_node = 1;
  scene.load.of_class = {{NodeName("pve1"), 1}, {NodeName("pve2"), 1}};
  EXPECT_EQ(scene.none().code, "MC-004");
  EXPECT_EQ(scene.none().message, "2 of 2 used, maxPerNode is 1: 0/2 nodes: 2 maxPerNode");
  scene.load.of_class.clear();
  scene.load.tasks = {{NodeName("pve1"), 4}, {NodeName("pve2"), 4}};
  EXPECT_EQ(scene.none().reason, "Throttled");
  EXPECT_TRUE(scene.none().passes);
  scene.load.tasks.clear();
  scene.load.creates = {{{NodeName("pve1"), StorageId("local")}, 2},
                        {{NodeName("pve2"), StorageId("local")}, 2}};
  EXPECT_EQ(scene.none().code, "CON-015");
  // Another storage, which the class never meant, does not hide that.
  for (const char* node : {"pve1", "pve2"}) {
    auto other = scene.snapshot.storages.front();
    other.node = NodeName(node);
    other.id = StorageId("nfs");
    other.type = "nfs";
    scene.snapshot.storages.push_back(other);
  }
  scene.spec.root_disk.storage_selector = "storage.name == \"local\"";
  EXPECT_EQ(scene.none().reason, "Throttled");
  scene.load.creates.clear();
  scene.load.creates_somewhere = {{NodeName("pve1"), 2}};
  EXPECT_EQ(scene.node(), "pve2");
}

TEST(Choose, ASharedStorageIsOneHoweverManyNodesWriteToIt) {
  Scene scene;
  scene.load.creates = {{{NodeName("pve1"), StorageId("local")}, 1},
                        {{NodeName("pve2"), StorageId("local")}, 1}};
  EXPECT_EQ(scene.node(), "pve1");
  for (auto& storage : scene.snapshot.storages) storage.shared = true;
  EXPECT_EQ(scene.none().reason, "Throttled");
  EXPECT_THAT(scene.none().message, HasSubstr("createsPerStorage on local"));
}

// A node is no place for a container whose volumes it cannot hold.
TEST(Choose, VolumesNeedRoomBesideTheRootDisk) {
  Scene scene;
  const auto with_volume = [&scene](int64_t size) {
    const auto disks = judge_disks("storage.name == 'local'", scene.snapshot);
    ASSERT_TRUE(disks.ok());
    scene.demand.volumes = {{"data", size, *disks}};
  };
  scene.snapshot.storages[0].available = 20 * kGiB;
  with_volume(13 * kGiB);
  EXPECT_EQ(scene.node(), "pve2");
  with_volume(12 * kGiB);
  EXPECT_EQ(scene.node(), "pve1");
  with_volume(95 * kGiB);
  EXPECT_EQ(scene.none().code, "STO-001");
  EXPECT_THAT(scene.none().message,
              HasSubstr("volume data: local on pve2: 100 GiB free, 103 GiB needed"));
  scene.demand.volumes.clear();
  EXPECT_EQ(scene.node(), "pve1");
}

TEST(Choose, TheRootDiskLeavesTheVolumesTheirStorage) {
  Scene scene;
  scene.demand.node = NodeName("pve1");
  auto small = scene.snapshot.storages[0];
  small.id = StorageId("small");
  small.available = 9 * kGiB;
  scene.snapshot.storages.push_back(small);
  const auto disks = judge_disks("storage.name == 'local'", scene.snapshot);
  ASSERT_TRUE(disks.ok());
  scene.demand.volumes = {{"data", 95 * kGiB, *disks}};
  const auto chosen = scene.choose();
  ASSERT_TRUE(std::holds_alternative<Place>(chosen)) << std::get<NoPlace>(chosen).message;
  EXPECT_EQ(std::get<Place>(chosen).storage.get(), "small");
  EXPECT_THAT(judge_disks("storage.nam", scene.snapshot), Fails(ErrorClass::invalid));
}

TEST(Choose, SaysWhatIsMissing) {
  Scene scene;
  scene.templates.clear();
  EXPECT_EQ(scene.none().code, "TPL-001");

  Scene full;
  for (auto& storage : full.snapshot.storages) storage.available = kGiB;
  EXPECT_EQ(full.none().code, "STO-001");
  EXPECT_THAT(full.none().message, HasSubstr("storage local on pve1: 1 GiB free, 8 GiB needed"));

  Scene unbridged;
  unbridged.demand.bridges = {"vmbr9"};
  EXPECT_EQ(unbridged.none().reason, "BridgeMissing");

  Scene pinned;
  pinned.demand.node = NodeName("pve3");
  EXPECT_EQ(pinned.none().reason, "Unschedulable");
}

TEST(Candidates, UnknownIsNeitherAllowedNorRefused) {
  Scene scene;
  scene.spec.node_selector = "node.memory.free > quantity(\"2Gi\")";
  scene.snapshot.nodes[NodeName("pve1")].memory_used.reset();
  const auto selectors = compile(scene.spec);
  ASSERT_TRUE(selectors.ok());
  const auto candidates = find_candidates(*selectors, scene.snapshot);
  EXPECT_EQ(candidates.nodes[0].verdict, Verdict::unknown);
  EXPECT_THAT(candidates.nodes[0].why, HasSubstr("node.memory.free"));
  EXPECT_EQ(candidates.nodes[1].verdict, Verdict::allowed);
  EXPECT_EQ(scene.node(), "pve2");
}

TEST(Candidates, NameTheClauseThatRefused) {
  Scene scene;
  scene.spec.root_disk.storage_selector =
      "storage.type in [\"zfspool\"] && storage.avail > quantity(\"1Gi\")";
  const auto candidates = find_candidates(*compile(scene.spec), scene.snapshot);
  EXPECT_THAT(candidates.explain_root_disks(), HasSubstr("storage.type in"));
  EXPECT_EQ(scene.none().code, "CEL-001");
}

TEST(Candidates, ASelectorThatWantsSpaceFindsTheStorageFull) {
  Scene scene;
  scene.spec.root_disk.storage_selector =
      "storage.type in [\"dir\"] && storage.avail > quantity(\"20Gi\")";
  for (auto& storage : scene.snapshot.storages) {
    storage.total = 200 * kGiB;
    storage.available = 3 * kGiB;
  }
  scene.snapshot.storages[1].type = "nfs";
  const auto candidates = find_candidates(*compile(scene.spec), scene.snapshot);
  EXPECT_TRUE(candidates.are_full());
  EXPECT_EQ(candidates.explain_root_disks(),
            "0/2 storages; local on pve1: 3 GiB free, not storage.avail > quantity(\"20Gi\"); "
            "local on pve2: not storage.type in [\"dir\"]");
  EXPECT_EQ(scene.none().code, "STO-001");
  // What is too small even when empty is no matter of space.
  scene.snapshot.storages[0].total = 10 * kGiB;
  EXPECT_EQ(scene.none().code, "CEL-001");
}

TEST(Candidates, ABrokenSelectorSaysWhichAndWhere) {
  Scene scene;
  scene.spec.root_disk.storage_selector = "type == \"zfspool\"";
  EXPECT_THAT(
      compile(scene.spec),
      Fails(ErrorClass::invalid, ::testing::AllOf(HasSubstr("spec.rootDisk.storageSelector"),
                                                  HasSubstr("storage.type"))));
}

// CEL-002.
TEST(Choose, AMisspelledSelectorIsTold) {
  Scene scene;
  scene.spec.root_disk.storage_selector = "storage.name == 'Local'";
  EXPECT_EQ(scene.none().code, "CEL-002");
  EXPECT_THAT(scene.none().message,
              HasSubstr("'Local' not found, did you mean 'local'? 0/2 nodes"));
  scene.spec.root_disk.storage_selector = "storage.name == 'ceph'";
  EXPECT_EQ(scene.none().code, "CEL-001");
  scene.spec.root_disk.storage_selector = "";
  scene.spec.node_selector = "node.name == 'PVE1'";
  EXPECT_EQ(scene.none().code, "CEL-002");
  scene.spec.node_selector = "node.name == 'nas'";
  EXPECT_EQ(scene.none().code, "MC-003");
  scene.spec.node_selector = "";
  const auto disks = judge_disks("storage.type == 'dirr'", scene.snapshot);
  ASSERT_TRUE(disks.ok());
  scene.demand.volumes = {{"data", kGiB, *disks}};
  EXPECT_EQ(scene.none().code, "CEL-002");
}

// A name that is right and has no space is full, whatever else looks like it.
TEST(Choose, AFullStorageIsNoMisspelledOne) {
  Scene scene;
  scene.spec.root_disk.storage_selector = "storage.name == 'local' && storage.avail > 200";
  for (auto& storage : scene.snapshot.storages) {
    storage.total = 1000;
    storage.available = 100;
  }
  EXPECT_EQ(scene.none().code, "STO-001");
}

// CEL-004.
TEST(Choose, TellsWhichOtherStorageWouldHaveDone) {
  Scene scene;
  const auto chosen = [&scene] { return std::get<Place>(scene.choose()); };
  EXPECT_FALSE(chosen().ambiguous);
  EXPECT_EQ(chosen().message, "chose pve1 over pve2, storage local");
  auto fast = scene.snapshot.storages.front();
  fast.id = StorageId("fast");
  fast.available = 200 * kGiB;
  scene.snapshot.storages.push_back(fast);
  EXPECT_TRUE(chosen().ambiguous);
  EXPECT_EQ(chosen().message,
            "chose pve1 over pve2, storage fast (200 GiB free) over local (100 GiB free)");
}

}  // namespace
}  // namespace gantry::inventory::placement
