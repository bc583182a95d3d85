#include "controllers/appliance/bridge.h"

#include <gmock/gmock.h>

#include "pkg/pve/mark.h"

namespace gantry::controllers::appliance {
namespace {

const Uid kUid("6f0c1c2e-8f5b-4a53-9d0b-6a1d0f1e2b3c");
const std::string kMark = pve::to_description_line({"home", kUid, 0}) + "\n";
const std::string kOurChanges = "+auto lan\n+iface lan inet manual\n";
const std::string kOtherChanges = "+auto vmbr7\n+iface vmbr7 inet manual\n";

pve::NodeNetwork network(std::vector<pve::NetworkInterface> interfaces, std::string changes = "") {
  pve::NodeNetwork made;
  made.interfaces = std::move(interfaces);
  made.changes = std::move(changes);
  return made;
}

pve::NetworkInterface bridge(const std::string& comments, bool active) {
  return {"lan", "bridge", comments, active, ""};
}

struct Row {
  const char* name;
  pve::NodeNetwork network;
  bool ready, ours;
  size_t step;  // of BridgeStep
  const char* reason;
};

std::string name_of(const ::testing::TestParamInfo<Row>& row) {
  std::string name = row.param.name;
  std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return name;
}

class BridgeRow : public ::testing::TestWithParam<Row> {};

TEST_P(BridgeRow, IsJudged) {
  const auto& row = GetParam();
  const auto view = judge_bridge("lan", NodeName("pve1"), row.network, "home", kUid);
  EXPECT_EQ(view.ready, row.ready);
  EXPECT_EQ(view.ours, row.ours);
  EXPECT_EQ(view.step.index(), row.step);
  EXPECT_EQ(view.reason, row.reason);
}

INSTANTIATE_TEST_SUITE_P(
    Bridge, BridgeRow,
    ::testing::Values(Row{"missing", network({}), false, false, 1, "BridgeMissing"},
                      Row{"missing while others change the network", network({}, kOtherChanges),
                          false, false, 0, "PendingNetworkChanges"},
                      Row{"written, not applied", network({bridge(kMark, false)}, kOurChanges),
                          false, true, 2, "BridgeMissing"},
                      Row{"written, but others have written too",
                          network({bridge(kMark, false)}, kOurChanges + kOtherChanges), false,
                          false, 0, "BridgeMissing"},
                      Row{"there and ours", network({bridge(kMark, true)}), true, true, 0,
                          "BridgeReady"},
                      Row{"there and somebody else's", network({bridge("", true)}), true, false, 0,
                          "BridgeReady"},
                      Row{"somebody else's, not up", network({bridge("", false)}), false, false, 0,
                          "BridgeMissing"},
                      Row{"no bridge at all", network({{"lan", "eth", "", true, ""}}), false, false,
                          0, "BridgeDrift"}),
    &name_of);

TEST(Bridges, OfNodesThatTheContainerHasLeftAreRemembered) {
  using api::v1alpha1::ApplianceBridge;
  const ApplianceBridge ours{"pve1", true, true, ""}, begun{"pve2", false, false, "creating"},
      foreign{"pve3", true, false, ""}, here{"pve4", true, true, ""};
  auto all = remembered({ours, begun, foreign}, here);
  ASSERT_EQ(all.size(), 3);
  EXPECT_EQ(all[0].node, "pve4");
  EXPECT_TRUE(all[0].local);
  EXPECT_EQ(all[1].node, "pve1");
  EXPECT_FALSE(all[1].local) << "nobody is to be placed there any more";
  EXPECT_EQ(all[2].node, "pve2");
  all = remembered(all, ours);
  ASSERT_EQ(all.size(), 3) << "it is back, and once in the list";
  EXPECT_EQ(all[0].node, "pve1");
  EXPECT_TRUE(all[0].local);
  EXPECT_EQ(all[1].node, "pve4");
}

TEST(BridgeRemoval, OnlyOursIsRemoved) {
  const auto judge = [](const pve::NodeNetwork& network) {
    return judge_removal("lan", NodeName("pve1"), network, "home", kUid);
  };
  EXPECT_TRUE(std::holds_alternative<DeleteBridge>(judge(network({bridge(kMark, true)})).step));
  EXPECT_TRUE(judge(network({bridge("", true)})).ready);
  EXPECT_TRUE(judge(network({})).ready);
  EXPECT_TRUE(std::holds_alternative<ApplyBridge>(
      judge(network({}, "-auto lan\n-iface lan inet manual\n")).step));
  EXPECT_TRUE(judge(network({}, kOtherChanges)).ready);
}

}  // namespace
}  // namespace gantry::controllers::appliance
