#include "controllers/appliance/leases.h"

#include <gmock/gmock.h>

namespace gantry::controllers::appliance {
namespace {

using api::v1alpha1::ApplianceLease;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Uid kAppliance{"aa"};
const Time kNow = Time() + hours(1000);

api::v1alpha1::ApplianceSpec spec_of(const std::string& from, const std::string& to) {
  api::v1alpha1::ApplianceSpec spec;
  spec.network.dhcp.range = {from, to};
  return spec;
}

const auto kSpec = spec_of("10.20.0.9", "10.20.0.11");

Attached machine(const std::string& name) {
  return {"home", name, Uid("uid-" + name)};
}

std::vector<std::string> shown(const std::vector<ApplianceLease>& leases) {
  std::vector<std::string> lines;
  for (const auto& lease : leases)
    lines.push_back(lease.address + " " + lease.machine + (lease.released_at ? " released" : ""));
  return lines;
}

TEST(Leases, TheNewGetTheLowestFreeAddress) {
  const auto table = next_leases(kSpec, kAppliance, {}, {machine("a"), machine("b")}, true, kNow);
  EXPECT_THAT(shown(table.leases), ElementsAre("10.20.0.9 a", "10.20.0.10 b"));
  EXPECT_THAT(table.without, IsEmpty());
}

TEST(Leases, WhatSomebodyHasFixedIsGivenToNobody) {
  const auto table =
      next_leases(kSpec, kAppliance, {}, {machine("a"), machine("b")}, true, kNow,
                  [](const std::string& address) { return address == "10.20.0.10"; });
  EXPECT_THAT(shown(table.leases), ElementsAre("10.20.0.9 a", "10.20.0.11 b"));
}

TEST(Leases, WhoIsAttachedKeepsItsAddressForEver) {
  const auto first = next_leases(kSpec, kAppliance, {}, {machine("a"), machine("b")}, true, kNow);
  const auto second = next_leases(kSpec, kAppliance, first.leases, {machine("b"), machine("a")},
                                  true, kNow + hours(24 * 365));
  EXPECT_THAT(shown(second.leases), ElementsAre("10.20.0.9 a", "10.20.0.10 b"));
  const auto moved = next_leases(spec_of("10.20.0.50", "10.20.0.60"), kAppliance, first.leases,
                                 {machine("a"), machine("c")}, true, kNow);
  EXPECT_THAT(shown(moved.leases),
              ElementsAre("10.20.0.9 a", "10.20.0.10 b released", "10.20.0.50 c"));
}

TEST(Leases, AnAddressRestsForADayAfterItsMachineIsGone) {
  const auto full =
      next_leases(kSpec, kAppliance, {}, {machine("a"), machine("b"), machine("c")}, true, kNow);
  auto table =
      next_leases(kSpec, kAppliance, full.leases, {machine("a"), machine("b")}, true, kNow);
  EXPECT_THAT(shown(table.leases),
              ElementsAre("10.20.0.9 a", "10.20.0.10 b", "10.20.0.11 c released"));
  const std::vector<Attached> wanted = {machine("a"), machine("b"), machine("d")};
  table = next_leases(kSpec, kAppliance, table.leases, wanted, true, kNow + hours(23));
  EXPECT_THAT(table.without, SizeIs(1));
  table = next_leases(kSpec, kAppliance, table.leases, wanted, true, kNow + hours(24));
  EXPECT_THAT(shown(table.leases), ElementsAre("10.20.0.9 a", "10.20.0.10 b", "10.20.0.11 d"));
}

TEST(Leases, AMachineThatComesBackInTimeHasItsAddressAgain) {
  const auto full = next_leases(kSpec, kAppliance, {}, {machine("a")}, true, kNow);
  const auto gone = next_leases(kSpec, kAppliance, full.leases, {}, true, kNow);
  const auto back = next_leases(kSpec, kAppliance, gone.leases, {machine("a")}, true, kNow);
  EXPECT_THAT(shown(back.leases), ElementsAre("10.20.0.9 a"));
}

TEST(Leases, NobodyIsTakenForGoneWhenNotAllCouldBeRead) {
  const auto full = next_leases(kSpec, kAppliance, {}, {machine("a")}, true, kNow);
  const auto table = next_leases(kSpec, kAppliance, full.leases, {}, false, kNow);
  EXPECT_THAT(shown(table.leases), ElementsAre("10.20.0.9 a"));
}

TEST(Leases, AMacIsTheSameForEverAndLocallyAdministered) {
  EXPECT_EQ(mac_of(kAppliance, Uid("x")), mac_of(kAppliance, Uid("x")));
  EXPECT_NE(mac_of(kAppliance, Uid("x")), mac_of(kAppliance, Uid("y")));
  EXPECT_NE(mac_of(kAppliance, Uid("x")), mac_of(Uid("bb"), Uid("x")));
  EXPECT_EQ(mac_of(kAppliance, Uid("x")).substr(0, 3), "02:");
  EXPECT_EQ(mac_of(kAppliance, Uid("x")).size(), 17U);
}

}  // namespace
}  // namespace gantry::controllers::appliance
