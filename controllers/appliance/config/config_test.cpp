#include <gmock/gmock.h>

#include "controllers/appliance/config/caddy.h"
#include "controllers/appliance/config/dnsmasq.h"
#include "controllers/appliance/config/nftables.h"
#include "pkg/base/golden.h"
#include "pkg/schema/json.h"

namespace gantry::controllers::appliance::config {
namespace {

using api::v1alpha1::ApplianceLease;
using api::v1alpha1::ApplianceNetwork;
using api::v1alpha1::ApplianceRoute;
using gantry::testing::matches_golden;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kFolder = std::string(GANTRY_TEST_FOLDER) + "/testdata/";

ApplianceNetwork lan() {
  ApplianceNetwork network;
  network.bridge = "gantry-lan";
  network.cidr = "10.20.0.0/24";
  network.gateway = "10.20.0.1";
  network.uplink.bridge = "vmbr0";
  network.dhcp.range = {"10.20.0.100", "10.20.0.250"};
  network.dns.domain = "apps.lan";
  network.dns.forwarders = {"9.9.9.9"};
  network.proxy.emplace();
  return network;
}

std::vector<ApplianceLease> leases() {
  ApplianceLease wiki{"home", "wiki-0", Uid("1"), "02:00:00:00:00:01", "10.20.0.100", true, {}};
  ApplianceLease gone{"home", "old-0", Uid("2"), "02:00:00:00:00:02", "10.20.0.101", true, Time()};
  return {wiki, gone};
}

std::vector<ApplianceRoute> routes() {
  ApplianceRoute wiki{"wiki.apps.lan", "home", "wiki", {"10.20.0.100:80"}, true, "", {}, {}};
  ApplianceRoute plain{"plain.apps.lan", "home", "plain", {}, false, "", {}, {}};
  return {wiki, plain};
}

TEST(Config, TheWholeOfItIsGolden) {
  EXPECT_TRUE(matches_golden(kFolder + "gantry.nft", nftables(lan())));
  EXPECT_TRUE(matches_golden(kFolder + "dnsmasq.conf", dnsmasq_conf(lan())));
  EXPECT_TRUE(matches_golden(kFolder + "caddy.json",
                             schema::to_pretty_json(caddy(*lan().proxy, routes()))));
}

TEST(Config, WithoutProxyOrNatNothingIsOpenedOrTranslated) {
  auto network = lan();
  network.nat = false;
  network.proxy.reset();
  EXPECT_THAT(nftables(network), Not(HasSubstr("masquerade")));
  EXPECT_THAT(nftables(network), Not(HasSubstr("443")));
}

TEST(Config, OnlyLeasesInUseHaveReservationsAndNames) {
  EXPECT_EQ(dhcp_hosts(leases()), "02:00:00:00:00:01,10.20.0.100\n");
  EXPECT_EQ(dns_hosts(lan(), leases(), routes()),
            "10.20.0.1 gateway.apps.lan\n"
            "10.20.0.100 wiki-0.home.apps.lan\n"
            "10.20.0.1 wiki.apps.lan\n"
            "10.20.0.1 plain.apps.lan\n");
}

TEST(Config, WithoutForwardersTheUplinksServersAreAsked) {
  auto network = lan();
  network.dns.forwarders.clear();
  EXPECT_THAT(dnsmasq_conf(network), Not(HasSubstr("no-resolv")));
}

}  // namespace
}  // namespace gantry::controllers::appliance::config
