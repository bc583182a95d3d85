#include "api/v1alpha1/addresses.h"

#include <gmock/gmock.h>

#include "api/v1alpha1/app.h"

namespace gantry::api::v1alpha1 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> texts(const schema::Problems& problems) {
  std::vector<std::string> all;
  for (const auto& problem : problems) all.push_back(to_string(problem));
  return all;
}

Network fixed(const std::string& ip) {
  Network network;
  network.bridge = "vmbr0";
  network.ip = ip;
  return network;
}

TEST(FixedAddress, IsWhatStandsBeforeThePrefixLength) {
  EXPECT_EQ(fixed_address("192.0.2.10/24"), "192.0.2.10");
  EXPECT_EQ(fixed_address("192.0.2.10"), "192.0.2.10");
  for (const char* none : {"dhcp", "", "192.0.2", "192.0.2.010/24", "2001:db8::1/64"})
    EXPECT_EQ(fixed_address(none), std::nullopt) << none;
}

TEST(Networks, HaveNoAddressTwice) {
  EXPECT_THAT(texts(check_networks({fixed("192.0.2.10/24"), fixed("dhcp"), fixed("dhcp")})),
              IsEmpty());
  EXPECT_THAT(texts(check_networks({fixed("192.0.2.10/24"), fixed("192.0.2.10/25")})),
              ElementsAre("networks[1].ip: is the address of networks[0] already"));
  auto tagged = fixed("192.0.2.10/24");
  tagged.vlan = 20;
  EXPECT_THAT(texts(check_networks({fixed("192.0.2.10/24"), tagged})), IsEmpty());
}

TEST(Copies, OfAContainerHaveNoAddressOfTheirOwn) {
  AppSpec spec;
  const std::vector<Network> networks = {fixed("192.0.2.10/24")};
  EXPECT_THAT(texts(check_copies(spec, networks)), IsEmpty());
  spec.replicas = 2;
  EXPECT_THAT(texts(check_copies(spec, {fixed("dhcp")})), IsEmpty());
  EXPECT_THAT(texts(check_copies(spec, networks)),
              ElementsAre("replicas: must be 0 or 1, not 2: a network gives each container the "
                          "address 192.0.2.10; use ip: dhcp, or an App for each address"));
  spec.replicas = 1;
  spec.update.emplace();
  spec.update->strategy = UpdateStrategy::recreate;
  EXPECT_THAT(texts(check_copies(spec, networks)), IsEmpty());
  spec.update->strategy = UpdateStrategy::blue_green;
  EXPECT_THAT(texts(check_copies(spec, networks)),
              ElementsAre(HasSubstr("update.strategy: must not be BlueGreen, which needs an "
                                    "address for each of two containers")));
}

}  // namespace
}  // namespace gantry::api::v1alpha1
