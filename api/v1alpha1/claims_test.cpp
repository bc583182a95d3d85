#include "api/v1alpha1/claims.h"

#include <gmock/gmock.h>

#include "pkg/base/testing.h"
#include "pkg/schema/json.h"

namespace gantry::api::v1alpha1 {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kClass = R"({"metadata":{"name":"small"},"spec":{"clusterName":"home",
    "networks":[{"bridge":"vmbr0","ip":"192.0.2.9/24"}]}})";

// Each claim as "name path", of an object of the kind with this spec.
std::vector<std::string> claimed(const std::string& kind, const std::string& spec,
                                 const std::string& shape = kClass) {
  auto object = schema::parse_yaml("{apiVersion: gantry.dev/v1alpha1, kind: " + kind +
                                   ", metadata: {name: web}, spec: " + spec + "}");
  EXPECT_TRUE(object.ok()) << object.status();
  std::vector<std::string> claims;
  const auto find = [&shape](const std::string& name) {
    return name == "small" && !shape.empty() ? *schema::parse_json(shape) : Json();
  };
  for (const auto& claim : claims_of(object->front().value, find))
    claims.push_back(claim.name + " " + claim.path);
  return claims;
}

TEST(Claims, AnAddressCountsOnItsClusterBridgeAndVlan) {
  EXPECT_THAT(claimed("Machine",
                      "{machineClassName: small, networks: [{bridge: vmbr1, ip: 10.0.0.5/24},"
                      " {bridge: vmbr1, ip: dhcp}, {bridge: vmbr1, ip: 10.0.0.5/8, vlan: 20}]}"),
              ElementsAre("address.home.vmbr1.0.10.0.0.5 spec.networks[0].ip",
                          "address.home.vmbr1.20.10.0.0.5 spec.networks[2].ip"));
}

TEST(Claims, ABridgeMayBeCalledAsNoNameIs) {
  EXPECT_THAT(
      claimed("App", "{machineClassName: small, networks: [{bridge: Lan_1, ip: 10.0.0.5/24}]}"),
      ElementsAre("address.home.x-4c616e5f31.0.10.0.0.5 spec.networks[0].ip"));
}

TEST(Claims, WithoutNetworksOfItsOwnThoseOfItsClassAreClaimed) {
  for (const char* kind : {"App", "Machine"})
    EXPECT_THAT(claimed(kind, "{machineClassName: small}"),
                ElementsAre("address.home.vmbr0.0.192.0.2.9 spec.machineClassName"))
        << kind;
  EXPECT_THAT(claimed("Machine", "{machineClassName: small}", ""), IsEmpty())
      << "which cluster it is on nobody knows yet";
  EXPECT_THAT(
      claimed("Machine", "{machineClassName: small, networks: [{applianceRef: {name: lan}}]}"),
      IsEmpty());
}

TEST(Claims, AnApplianceHasItsBridgeAndItsTwoAddresses) {
  EXPECT_THAT(claimed("Appliance",
                      "{machineClassName: small, network: {bridge: lan0, gateway: 10.20.0.1, "
                      "uplink: {bridge: vmbr0, ip: 192.0.2.2/24, vlan: 7}}}"),
              ElementsAre("bridge.lan0 spec.network.bridge",
                          "address.home.lan0.0.10.20.0.1 spec.network.gateway",
                          "address.home.vmbr0.7.192.0.2.2 spec.network.uplink.ip"));
}

// It is never started: its class would have its address twice.
TEST(Claims, WhatIsTriedOfAClassClaimsNothing) {
  auto object = *schema::parse_json(R"({"apiVersion":"gantry.dev/v1alpha1","kind":"Machine",
      "metadata":{"name":"small-flag-probe","ownerReferences":[{"kind":"MachineClass"}]},
      "spec":{"machineClassName":"small"}})");
  const auto find = [](const std::string&) { return *schema::parse_json(kClass); };
  EXPECT_THAT(claims_of(object, find), IsEmpty());
}

TEST(Claims, WhatIsNotAsItShouldBeClaimsNothing) {
  EXPECT_THAT(claimed("App", "{machineClassName: small, expose: 7, networks: [x, {ip: 10.0.0.5}]}"),
              IsEmpty());
  EXPECT_THAT(claimed("Appliance", "{network: {bridge: lan0}}"), IsEmpty());
  EXPECT_THAT(claimed("MachineClass", "{networks: [{bridge: vmbr0, ip: 10.0.0.5/24}]}"), IsEmpty());
}

}  // namespace
}  // namespace gantry::api::v1alpha1
