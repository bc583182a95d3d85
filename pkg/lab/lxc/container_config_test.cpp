#include "pkg/lab/lxc/container_config.h"

#include "pkg/base/testing.h"
#include "pkg/lab/lxc/inspection.h"
#include "pkg/lab/lxc/network.h"

namespace gantry::lab::lxc {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using ::testing::Pair;

const Place kPlace{.name = "gl1-100", .rootfs = "/state/volumes/r", .bridges = {{"vmbr0", "gl10"}}};

TEST(ContainerConfig, ACardIsReadFromProxmoxText) {
  const auto card =
      parse_network_card("name=eth0,bridge=vmbr0,hwaddr=BC:24:11:01:02:03,ip=dhcp,type=veth");
  ASSERT_THAT(card, IsOk());
  EXPECT_EQ(card->name, "eth0");
  EXPECT_EQ(card->bridge, "vmbr0");
  EXPECT_EQ(card->ip, "dhcp");
  EXPECT_FALSE(card->link_down);
}

TEST(ContainerConfig, ACardCannotSmuggleLines) {
  for (const auto* text :
       {"name=eth0\nlxc.cap.drop=,bridge=vmbr0", "name=eth0,bridge=vm br0",
        "name=eth0,bridge=vmbr0,ip=1.2.3.4/24\n\tup rm", "name=eth0,hwaddr=a b", "bridge=vmbr0"})
    EXPECT_THAT(parse_network_card(text), Fails(ErrorClass::invalid)) << text;
}

TEST(ContainerConfig, LxcGetsNameCardAndRootFileSystem) {
  const Config config{{"hostname", "web"}, {"net0", "name=eth0,bridge=vmbr0,ip=dhcp"}};
  const auto text = lxc_config(config, kPlace);
  ASSERT_THAT(text, IsOk());
  EXPECT_THAT(*text, AllOf(HasSubstr("lxc.uts.name = web\n"),
                           HasSubstr("lxc.rootfs.path = dir:/state/volumes/r\n"),
                           HasSubstr("lxc.net.0.link = gl10\n"),
                           HasSubstr("lxc.idmap = u 0 100000 65536\n")));
}

TEST(ContainerConfig, AnUnknownBridgeIsSaidInProxmoxWords) {
  const Config config{{"net0", "name=eth0,bridge=vmbr7,ip=dhcp"}};
  EXPECT_THAT(lxc_config(config, kPlace),
              Fails(ErrorClass::invalid, HasSubstr("bridge 'vmbr7' does not exist")));
}

TEST(ContainerConfig, AHostnameCannotSmuggleLines) {
  EXPECT_THAT(lxc_config({{"hostname", "web\nlxc.cap.keep = sys_admin"}}, kPlace),
              Fails(ErrorClass::invalid));
}

TEST(ContainerConfig, LimitsFollowWhatTheMachineHas) {
  const Config config{{"memory", "256"}, {"swap", "0"}, {"cores", "2"}};
  EXPECT_THAT(limits(config, {.unified = false, .memory = true, .swap = true, .cpu = true}),
              ElementsAre(Pair("memory.limit_in_bytes", "268435456"),
                          Pair("memory.memsw.limit_in_bytes", "268435456"),
                          Pair("cpu.cfs_quota_us", "200000")));
  EXPECT_THAT(limits(config, {.unified = true}),
              ElementsAre(Pair("memory.max", "268435456"), Pair("memory.swap.max", "0"),
                          Pair("cpu.max", "200000 100000")));
  EXPECT_THAT(limits(config, Cgroups{}), ElementsAre());
}

TEST(ContainerConfig, FilesNameTheHostAndBringUpTheCards) {
  const auto files = guest_files({{"hostname", "web.lan"},
                                  {"net0", "name=eth0,bridge=vmbr0,ip=dhcp"},
                                  {"net1", "name=eth1,bridge=vmbr0,ip=10.0.0.5/24,gw=10.0.0.1"}},
                                 "10.9.9.1");
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ(files->at("/etc/hostname"), "web\n");
  EXPECT_EQ(files->at("/etc/resolv.conf"), "nameserver 10.9.9.1\n");
  EXPECT_THAT(files->at("/etc/network/interfaces"),
              AllOf(HasSubstr("iface eth0 inet dhcp\n"),
                    HasSubstr("address 10.0.0.5\n\tnetmask 255.255.255.0\n\tgateway 10.0.0.1\n")));
}

TEST(Inspection, AddressesAreReadPerInterface) {
  const auto addresses = parse_addresses(
      "1: lo    inet 127.0.0.1/8 scope host lo\\ valid_lft forever\n"
      "2: eth0    inet6 fd00::5/64 scope global\n"
      "2: eth0    inet 10.213.7.139/24 brd 10.213.7.255 scope global eth0\n"
      "2: eth0    inet6 fe80::1/64 scope link\n");
  EXPECT_THAT(addresses, ElementsAre(Pair("eth0", ElementsAre("10.213.7.139/24", "fd00::5/64"))));
}

TEST(Inspection, LxcInfoIsReadByItsWords) {
  const auto running = parse_lxc_info("State:          RUNNING\nPID:            3000\n");
  EXPECT_TRUE(running.running);
  EXPECT_EQ(running.pid, 3000);
  EXPECT_FALSE(parse_lxc_info("State:          STOPPED\n").running);
  EXPECT_FALSE(parse_lxc_info("gl1-100 doesn't exist\n").running);
}

TEST(Subnet, AvoidsEverythingTheMachineKnows) {
  const auto first = choose_subnet("", "", "gl1");
  ASSERT_THAT(first, IsOk());
  const auto second = choose_subnet(first->cidr() + " dev x", "", "gl1");
  ASSERT_THAT(second, IsOk());
  EXPECT_NE(first->prefix, second->prefix);
  const auto third = choose_subnet("", "2: x inet " + second->host() + "/24 brd", "gl1");
  ASSERT_THAT(third, IsOk());
  EXPECT_EQ(third->prefix, first->prefix);
  EXPECT_THAT(choose_subnet("10.0.0.0/8 via 1.2.3.4", "", "gl1"), Fails(ErrorClass::overload));
  EXPECT_THAT(first->cidr(), Not(HasSubstr("10.0.")));
}

TEST(Traffic, IsThatOfAllInterfacesButLo) {
  const auto traffic = parse_traffic(
      "Inter-|   Receive                            |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes packets\n"
      "    lo:    9999       1    0    0    0     0          0         0     9999 1 0 0 0 0 0 0\n"
      "  eth0:    8286      10    0    0    0     0          0         0     2800 7 0 0 0 0 0 0\n"
      "  eth1:       4       1    0    0    0     0          0         0        2 1 0 0 0 0 0 0\n");
  EXPECT_EQ(traffic.in, 8290);
  EXPECT_EQ(traffic.out, 2802);
}

}  // namespace
}  // namespace gantry::lab::lxc
