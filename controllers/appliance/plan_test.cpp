#include "controllers/appliance/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::controllers::appliance {
namespace {

using api::v1alpha1::Appliance;
using ::testing::HasSubstr;

class PlanTest : public ::testing::Test {
 protected:
  PlanTest() {
    appliance.metadata.name = "lan";
    appliance.metadata.ns = "net";
    appliance.metadata.uid = Uid("a-1");
    appliance.metadata.finalizers = {kFinalizer};
    auto& network = appliance.spec.network;
    network.bridge = "gantry-lan";
    network.cidr = "10.20.0.0/24";
    network.gateway = "10.20.0.1";
    network.uplink.bridge = "vmbr0";
    facts.node = NodeName("pve1");
    facts.bridge = BridgeView();
    facts.bridge->ready = true;
    facts.bridge->ours = true;
  }
  void delete_it() { appliance.metadata.deletion_timestamp = Time(); }
  template <class T>
  const T* step() {
    made = plan(appliance, facts);
    return made.step ? std::get_if<T>(&*made.step) : nullptr;
  }
  std::string situation() {
    made = plan(appliance, facts);
    EXPECT_FALSE(made.step.has_value()) << made.message;
    static const char* const kNames[] = {"progressing", "waiting", "held", "stalled", "ready"};
    return std::string(kNames[static_cast<int>(made.situation)]) + " " + made.reason;
  }
  void its_machine() { facts.machine = wanted_machine(appliance, facts.node); }

  Appliance appliance;
  Facts facts;
  Plan made;
};

TEST_F(PlanTest, TheFinalizerComesFirst) {
  appliance.metadata.finalizers.clear();
  EXPECT_NE(step<AddFinalizer>(), nullptr);
}

TEST_F(PlanTest, ABridgeBeforeItsContainer) {
  facts.bridge->ready = false;
  facts.bridge->step = CreateBridge{};
  const auto* change = step<ChangeBridge>();
  ASSERT_NE(change, nullptr);
  EXPECT_EQ(change->node, NodeName("pve1"));
}

TEST_F(PlanTest, WhatOurTokenMayNotAPersonIsAskedFor) {
  facts.bridge->ready = false;
  facts.bridge->step = CreateBridge{};
  facts.bridge_error = make_error(ErrorClass::permission, "403");
  EXPECT_EQ(situation(), "held BridgeMissing");
  EXPECT_THAT(made.message, HasSubstr("pvesh create /nodes/pve1/network --iface gantry-lan"));
  EXPECT_EQ(made.code, "APL-002");
}

TEST_F(PlanTest, WithoutANodeOrANetworkItWaits) {
  facts.bridge.reset();
  facts.bridge_error = make_error(ErrorClass::transport, "no answer");
  EXPECT_EQ(situation(), "waiting NodeUnknown");
  facts.node.reset();
  EXPECT_EQ(situation(), "waiting NoNode");
}

TEST_F(PlanTest, ItsMachineHasTwoCardsAndIsPinnedToALocalBridge) {
  const auto* create = step<CreateMachine>();
  ASSERT_NE(create, nullptr);
  const auto& machine = create->machine;
  EXPECT_EQ(machine.metadata.name, "lan-appliance");
  EXPECT_EQ(machine.metadata.owner_references.at(0).uid, Uid("a-1"));
  EXPECT_EQ(machine.spec.node, "pve1");
  ASSERT_EQ(machine.spec.networks.size(), 2);
  EXPECT_EQ(machine.spec.networks[0].bridge, "vmbr0");
  EXPECT_EQ(machine.spec.networks[1].bridge, "gantry-lan");
  EXPECT_EQ(machine.spec.networks[1].ip, "10.20.0.1/24");
  facts.bridge->ours = false;
  EXPECT_EQ(step<CreateMachine>()->machine.spec.node, std::nullopt);
}

TEST_F(PlanTest, AStrangerWithItsNameIsLeftAlone) {
  its_machine();
  facts.machine->metadata.owner_references.clear();
  EXPECT_EQ(situation(), "stalled NameTaken");
  delete_it();
  const auto* change = step<DeleteMachine>();
  EXPECT_EQ(change, nullptr);
}

TEST_F(PlanTest, AsItShallBe) {
  its_machine();
  EXPECT_EQ(situation(), "ready ");
  facts.machine->spec.networks[0].bridge = "vmbr9";
  EXPECT_NE(step<UpdateMachine>(), nullptr);
}

TEST_F(PlanTest, NothingGoesWhileSomebodyNeedsIt) {
  its_machine();
  delete_it();
  facts.users = {"App home/wiki", "Machine home/wiki-0"};
  EXPECT_EQ(situation(), "held InUse");
  EXPECT_THAT(made.message, HasSubstr("2 attached: App home/wiki, Machine home/wiki-0"));
  EXPECT_EQ(made.code, "APL-006");
}

TEST_F(PlanTest, ThenTheContainerThenTheBridgeThenTheFinalizer) {
  its_machine();
  delete_it();
  EXPECT_NE(step<DeleteMachine>(), nullptr);
  facts.machine->metadata.deletion_timestamp = Time();
  EXPECT_EQ(situation(), "waiting Deleting");
  facts.machine.reset();
  facts.bridge->ready = false;
  facts.bridge->step = DeleteBridge{};
  EXPECT_NE(step<ChangeBridge>(), nullptr);
  facts.bridge->ready = true;
  EXPECT_NE(step<RemoveFinalizer>(), nullptr);
}

TEST_F(PlanTest, ABridgeThatCannotBeSeenIsNotTakenForGone) {
  delete_it();
  facts.bridge.reset();
  facts.bridge_error = make_error(ErrorClass::transport, "no answer");
  EXPECT_EQ(situation(), "waiting Deleting");
}

}  // namespace
}  // namespace gantry::controllers::appliance
