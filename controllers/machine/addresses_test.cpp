#include "controllers/machine/addresses.h"

#include "pkg/base/testing.h"

namespace gantry::controllers::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Addresses, AreThoseOfTheConfigsOwnInterfacesInItsOrder) {
  Guest guest;
  guest.interfaces = {{"docker0", "", {"172.17.0.1"}},
                      {"lan", "", {"192.0.2.9"}},
                      {"eth0", "", {"10.0.0.7", "fd00::7"}}};
  EXPECT_THAT(addresses_of(guest), IsEmpty());
  guest.config.values["net1"] = "name=lan,bridge=vmbr1";
  guest.config.values["net0"] = "name=eth0,bridge=vmbr0,ip=dhcp";
  EXPECT_THAT(addresses_of(guest), ElementsAre("10.0.0.7", "fd00::7", "192.0.2.9"));
}

TEST(Addresses, ThatEveryCardHasLeadNowhere) {
  Guest guest;
  guest.config.values["net0"] = "name=eth0,bridge=vmbr0,ip=dhcp";
  guest.interfaces = {{"docker0", "", {"fe80::1"}}, {"eth0", "", {}}};
  EXPECT_EQ(link_local_of(guest), "");
  guest.interfaces[1].addresses = {"FE80::be24:11ff:fe15:c2bb", "169.254.7.7"};
  EXPECT_THAT(addresses_of(guest), IsEmpty());
  EXPECT_EQ(link_local_of(guest), "FE80::be24:11ff:fe15:c2bb");
  guest.interfaces[1].addresses = {"fe80::1", "10.0.0.7", "fec0::1", "fe8::1"};
  EXPECT_THAT(addresses_of(guest), ElementsAre("10.0.0.7", "fec0::1", "fe8::1"));
}

}  // namespace
}  // namespace gantry::controllers::machine
