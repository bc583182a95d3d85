#include "controllers/machine/attachment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::Appliance;
using api::v1alpha1::Machine;
using api::v1alpha1::Network;
using ::testing::HasSubstr;

class AttachmentTest : public ::testing::Test {
 protected:
  AttachmentTest() {
    machine.metadata.ns = "home";
    machine.metadata.uid = Uid("m-1");
    appliance.metadata.ns = "gantry-system";
    appliance.metadata.name = "lan";
    appliance.spec.network.bridge = "gantry-lan";
    appliance.spec.network.gateway = "10.20.0.1";
    appliance.spec.network.uplink.bridge = "vmbr0";
    appliance.status.bridges = {{"pve1", true, true, ""}};
    api::v1alpha1::ApplianceLease lease;
    lease.uid = Uid("m-1");
    lease.mac = "02:00:00:00:00:01";
    lease.address = "10.20.0.100";
    lease.served = true;
    appliance.status.leases = {lease};
    Network network;
    network.appliance_ref = api::meta::NamespacedReference{"lan", "gantry-system"};
    networks = {network};
  }
  Attachment attach_it(const pve::GuestConfig* config = nullptr) {
    return attach(machine, networks, config,
                  [this](const std::string& ns, const std::string& name) -> Result<Appliance> {
                    if (ns == "gantry-system" && name == "lan" && exists) return appliance;
                    return make_error(ErrorClass::not_found, name);
                  });
  }
  void condition(const std::string& type, const std::string& message) {
    api::meta::Condition made;
    made.type = type;
    made.status = api::meta::ConditionStatus::yes;
    made.message = message;
    api::meta::set_condition(appliance.status.conditions, made, Time());
  }
  static pve::GuestConfig on(const std::string& bridge) {
    return {"", {{"net0", "name=eth0,bridge=" + bridge + ",type=veth"}}};
  }

  bool exists = true;
  Machine machine;
  Appliance appliance;
  std::vector<Network> networks;
};

TEST_F(AttachmentTest, TakesWhatItsLeaseSays) {
  const auto made = attach_it();
  EXPECT_EQ(made.waits_for, "");
  EXPECT_EQ(made.networks[0].bridge, "gantry-lan");
  EXPECT_EQ(made.networks[0].mac, "02:00:00:00:00:01");
  EXPECT_EQ(made.node, NodeName("pve1"));
  ASSERT_TRUE(made.dns);
  EXPECT_EQ(made.dns->servers, std::vector<std::string>{"10.20.0.1"});
  EXPECT_EQ(made.where, "10.20.0.100 in gantry-system/lan");
}

TEST_F(AttachmentTest, ABridgeThatReachesOtherNodesPinsNothing) {
  appliance.status.bridges[0].local = false;
  EXPECT_EQ(attach_it().node, std::nullopt);
}

// It would boot before its address is reserved, and get none.
TEST_F(AttachmentTest, WaitsUntilItsAddressIsServed) {
  appliance.status.leases[0].served = false;
  EXPECT_THAT(attach_it().waits_for, HasSubstr("does not serve it yet"));
  const auto config = on("gantry-lan");
  EXPECT_EQ(attach_it(&config).waits_for, "") << "what is there stays there";
}

TEST_F(AttachmentTest, WithoutApplianceWhatIsThereStaysAsItIs) {
  exists = false;
  const auto config = on("gantry-lan");
  const auto made = attach_it(&config);
  EXPECT_THAT(made.waits_for, HasSubstr("gantry-system/lan does not exist"));
  EXPECT_EQ(made.networks[0].bridge, "");
}

TEST_F(AttachmentTest, FallsBackOnlyWhenAllowedAndNothingElseComes) {
  appliance.status.leases[0].served = false;
  networks[0].fallback = api::v1alpha1::NetworkFallback::uplink;
  EXPECT_NE(attach_it().waits_for, "") << "it is still being built";
  condition("Held", "the bridge is missing");
  const auto made = attach_it();
  EXPECT_EQ(made.waits_for, "");
  EXPECT_EQ(made.networks[0].bridge, "vmbr0");
  EXPECT_EQ(made.networks[0].mac, std::nullopt);
  EXPECT_THAT(made.fallback, HasSubstr("on vmbr0 instead of Appliance gantry-system/lan"));
  networks[0].fallback = api::v1alpha1::NetworkFallback::none;
  EXPECT_NE(attach_it().waits_for, "");
}

TEST_F(AttachmentTest, OnTheUplinkItStaysUntilAPersonTakesTheFallbackAway) {
  networks[0].fallback = api::v1alpha1::NetworkFallback::uplink;
  const auto config = on("vmbr0");
  EXPECT_EQ(attach_it(&config).networks[0].bridge, "vmbr0");
  networks[0].fallback = api::v1alpha1::NetworkFallback::none;
  EXPECT_EQ(attach_it(&config).networks[0].bridge, "gantry-lan");
}

// The Appliance's trouble is not the App's: nothing of a container that is there changes.
TEST_F(AttachmentTest, ThatTheApplianceIsDownChangesNothing) {
  networks[0].fallback = api::v1alpha1::NetworkFallback::uplink;
  condition("Held", "the container is gone");
  const auto config = on("gantry-lan");
  EXPECT_EQ(attach_it(&config).networks[0].bridge, "gantry-lan");
}

TEST_F(AttachmentTest, AReleasedLeaseIsNobodys) {
  appliance.status.leases[0].released_at = Time();
  EXPECT_NE(attach_it().waits_for, "");
}

}  // namespace
}  // namespace gantry::controllers::machine
