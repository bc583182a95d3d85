#include "pkg/inventory/placement/candidate_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/testing.h"

namespace gantry::inventory::placement {
namespace {

using testing::Fails;
using testing::IsOk;

std::shared_ptr<const Snapshot> snapshot_of(const std::string& node) {
  auto snapshot = std::make_shared<Snapshot>();
  auto& row = snapshot->nodes[NodeName(node)];
  row.name = NodeName(node);
  row.status = "online";
  return snapshot;
}

api::v1alpha1::MachineClass shape_of(const std::string& selector) {
  api::v1alpha1::MachineClass shape;
  shape.metadata.name = "small";
  shape.metadata.uid = Uid("6f0c0000-0000-4000-8000-000000000001");
  shape.metadata.generation = 1;
  shape.spec.node_selector = selector;
  return shape;
}

TEST(CandidateCache, EvaluatesOnceWhileClassAndSnapshotStay) {
  CandidateCache cache;
  const auto snapshot = snapshot_of("pve1");
  auto shape = shape_of("node.name == 'pve1'");
  const auto& first = cache.find(shape, snapshot);
  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE(first->allows(NodeName("pve1")));
  // Not looked at again: such a change would be a new generation.
  shape.spec.node_selector = "false";
  EXPECT_TRUE(cache.find(shape, snapshot)->allows(NodeName("pve1")));
}

TEST(CandidateCache, EvaluatesAgainForAnotherSnapshotGenerationOrClass) {
  CandidateCache cache;
  auto snapshot = snapshot_of("pve1");
  auto shape = shape_of("true");
  EXPECT_TRUE(cache.find(shape, snapshot)->allows(NodeName("pve1")));
  snapshot = snapshot_of("pve2");
  EXPECT_TRUE(cache.find(shape, snapshot)->allows(NodeName("pve2")));
  EXPECT_FALSE(cache.find(shape, snapshot)->allows(NodeName("pve1")));
  shape.spec.node_selector = "false";
  ++shape.metadata.generation;
  EXPECT_FALSE(cache.find(shape, snapshot)->allows(NodeName("pve2")));
  shape.spec.node_selector = "true";
  shape.metadata.uid = Uid("6f0c0000-0000-4000-8000-000000000002");
  EXPECT_TRUE(cache.find(shape, snapshot)->allows(NodeName("pve2")));
}

TEST(CandidateCache, TellsWhatIsWrongWithASelector) {
  CandidateCache cache;
  const auto snapshot = snapshot_of("pve1");
  EXPECT_THAT(cache.find(shape_of("node.."), snapshot), Fails(ErrorClass::invalid));
  EXPECT_THAT(cache.find(shape_of("node.."), snapshot), Fails(ErrorClass::invalid));
}

}  // namespace
}  // namespace gantry::inventory::placement
