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

}  // namespace
}  // namespace gantry::controllers::machine
