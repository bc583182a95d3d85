#include "controllers/appliance/inside/inside.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/base/testing.h"
#include "pkg/lab/memory/little_guest.h"

namespace gantry::controllers::appliance {
namespace {

using gantry::testing::Fails;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InsideTest : public ::testing::Test {
 protected:
  InsideTest() {
    auto& network = wanted.network;
    network.bridge = "gantry-lan";
    network.cidr = "10.20.0.0/24";
    network.gateway = "10.20.0.1";
    network.uplink.bridge = "vmbr0";
    network.dhcp.range = {"10.20.0.100", "10.20.0.250"};
    network.dns.domain = "apps.lan";
    network.proxy.emplace();
    expose("wiki.lan");
    expose("shop.lan");
    expose("mail.lan");
  }
  void expose(const std::string& host) {
    api::v1alpha1::ApplianceRoute route;
    route.host = host;
    route.ns = "home";
    route.app = host.substr(0, host.find('.'));
    route.upstreams = {"10.20.0.100:80"};
    wanted.routes.push_back(route);
  }
  guest::Report report() {
    acts.clear();
    return [this](const guest::Progress& progress) {
      const auto text = progress.step + ": " + progress.message;
      if (progress.changes && (acts.empty() || acts.back() != text)) acts.push_back(text);
    };
  }
  Loaded loaded() {
    told.clear();
    return [this](const Findings& so_far) {
      told.emplace_back(so_far.all.back().part, guest.inside.network.proxy);
    };
  }
  guest::Guest inside() {
    return guest::Guest(guest, guest::Target{NodeName("pve1"), VmId(9999)}, clock,
                        [this] { return refused; });
  }
  // Through all parts.
  Findings turn() {
    Memory none;
    return loop.block_on(clock, look_again(inside(), wanted, report(), loaded(), none));
  }
  // As the reconciler's jobs look: without asking part by part while nothing changes.
  Findings look() {
    return loop.block_on(clock, look_again(inside(), wanted, report(), loaded(), memory));
  }
  void look_until_calm() {
    for (int i = 0; i < 3; ++i) all_is_well(look());
    EXPECT_EQ(memory.picture.size(), 7);
  }
  void all_is_well(const Findings& findings) {
    for (const auto& finding : findings.all)
      EXPECT_TRUE(finding.status.ok()) << finding.part << ": " << finding.status;
  }
  std::string wrong_part(const Findings& findings) {
    std::string wrong;
    for (const auto& finding : findings.all)
      if (!finding.status.ok())
        wrong += finding.part + " " + catalogue_code(finding.status).value_or("-") + ";";
    return wrong;
  }
  lab::GuestUnit& unit(const std::string& name) { return guest.inside.units[name]; }

  std::vector<std::pair<std::string, std::string>> told;  // the last part, and what Caddy had
  async::Loop loop;
  async::SimulatedClock clock{Time()};
  lab::LittleGuest guest{"debian-12-standard"};
  Wanted wanted;
  Status refused;  // why nothing may be changed inside
  std::vector<std::string> acts;
  Memory memory;
};

TEST_F(InsideTest, ANewContainerBecomesARouter) {
  const auto findings = turn();
  all_is_well(findings);
  EXPECT_TRUE(findings.ok());
  EXPECT_TRUE(guest.inside.network.forwarding);
  EXPECT_THAT(guest.inside.network.rules, HasSubstr("masquerade"));
  EXPECT_THAT(guest.inside.network.proxy, HasSubstr("wiki.lan"));
  EXPECT_EQ(findings.certificate_authority, "the authority\n");
}

TEST_F(InsideTest, WhatIsWellIsLookedAtAndLeftAlone) {
  turn();
  const auto files = guest.inside.files;
  const int starts = unit("dnsmasq.service").starts + unit("caddy.service").starts;
  all_is_well(turn());
  EXPECT_THAT(acts, IsEmpty());
  EXPECT_EQ(guest.inside.files, files);
  EXPECT_EQ(unit("dnsmasq.service").starts + unit("caddy.service").starts, starts);
}

struct Fault {
  const char* name;
  void (*inject)(lab::GuestSystem&);
  const char* deed;
};
std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  return out << fault.name;
}

class Repairs : public InsideTest, public ::testing::WithParamInterface<Fault> {};

TEST_P(Repairs, IsMadeGoodAndTold) {
  turn();
  GetParam().inject(guest.inside);
  all_is_well(turn());
  EXPECT_THAT(acts, Contains(HasSubstr(GetParam().deed)));
  all_is_well(turn());
  EXPECT_THAT(acts, IsEmpty());
}

const Fault kFaults[] = {
    {"addressGone", [](lab::GuestSystem& s) { s.network.addresses.clear(); },
     "address: giving eth1 its address 10.20.0.1/24"},
    {"forwardingOff", [](lab::GuestSystem& s) { s.network.forwarding = false; },
     "forwarding: turning on forwarding"},
    {"filterFlushed", [](lab::GuestSystem& s) { s.network.rules.clear(); },
     "filter: loading the packet filter and NAT, which are missing"},
    {"filterEdited", [](lab::GuestSystem& s) { s.network.rules += "drop everything\n"; },
     "filter: replacing the packet filter and NAT"},
    {"filterFileEdited",
     [](lab::GuestSystem& s) { s.files["/etc/gantry/gantry.nft"].content = "nothing"; },
     "filter: writing /etc/gantry/gantry.nft"},
    {"dnsmasqKilled", [](lab::GuestSystem& s) { s.units["dnsmasq.service"].active = false; },
     "names: starting dnsmasq.service"},
    {"namesLost", [](lab::GuestSystem& s) { s.files["/etc/gantry/dns-hosts"].content = ""; },
     "names: having dnsmasq read its tables again"},
    {"dnsmasqFileEdited",
     [](lab::GuestSystem& s) { s.files["/etc/dnsmasq.d/gantry.conf"].content = "nonsense"; },
     "names: restarting dnsmasq.service"},
    {"caddyKilled", [](lab::GuestSystem& s) { s.units["caddy.service"].active = false; },
     "proxy: starting caddy.service"},
    {"caddyReconfigured", [](lab::GuestSystem& s) { s.network.proxy = "{}"; },
     "proxy: loading the proxy's configuration"},
    {"caddyFileCorrupted",
     [](lab::GuestSystem& s) { s.files["/etc/gantry/caddy.json"].content = "}{"; },
     "proxy: writing /etc/gantry/caddy.json"},
};
INSTANTIATE_TEST_SUITE_P(Inside, Repairs, ::testing::ValuesIn(kFaults),
                         [](const auto& fault) { return std::string(fault.param.name); });

TEST_P(Repairs, IsSeenInTheMiddleOfTheCalm) {
  look_until_calm();
  GetParam().inject(guest.inside);
  all_is_well(look());
  EXPECT_THAT(acts, Contains(HasSubstr(GetParam().deed)));
}

// Mode Observe, a lost quorum, another leader: it is seen and told, and nothing is touched.
TEST_P(Repairs, IsToldAndLeftWhileNothingMayBeChanged) {
  turn();
  GetParam().inject(guest.inside);
  const auto files = guest.inside.files;
  const auto& network = guest.inside.network;
  const auto rules = network.rules, proxy = network.proxy;
  const int starts = unit("dnsmasq.service").starts + unit("caddy.service").starts;
  refused = make_error(ErrorClass::held, "ObserveMode: nothing is written");
  const auto findings = turn();
  EXPECT_FALSE(findings.ok());
  const std::string deed = GetParam().deed;
  const auto* finding = findings.find(deed.substr(0, deed.find(':')));
  EXPECT_THAT(finding->status, Fails(ErrorClass::held, HasSubstr("ObserveMode")));
  EXPECT_THAT(acts, IsEmpty()) << "nothing is told as done";
  EXPECT_EQ(guest.inside.files, files);
  EXPECT_EQ(network.rules, rules);
  EXPECT_EQ(network.proxy, proxy);
  EXPECT_EQ(unit("dnsmasq.service").starts + unit("caddy.service").starts, starts);
  refused = Status();
  all_is_well(turn());
}

TEST_F(InsideTest, InTheCalmThreeCommandsAreEnough) {
  look_until_calm();
  const int before = guest.calls;
  const auto findings = look();
  all_is_well(findings);
  EXPECT_EQ(guest.calls - before, 3);
  EXPECT_EQ(findings.certificate_authority, "the authority\n");
  clock.advance(std::chrono::minutes(10));
  all_is_well(look());
  EXPECT_GT(guest.calls - before, 20) << "now and then every part is asked";
}

// A new lease or route does not wait for the parts that know nothing of it.
TEST_F(InsideTest, OnlyPartsThatChangedAreAsked) {
  recall(memory, "here", "1");
  look_until_calm();
  guest.inside.network.forwarding = false;
  int before = guest.calls;
  all_is_well(look());
  EXPECT_LT(guest.calls - before, 10);
  look_until_calm();
  expose("new.lan");
  recall(memory, "here", "2");
  before = guest.calls;
  all_is_well(look());
  EXPECT_LT(guest.calls - before, 40);
  EXPECT_THAT(guest.inside.network.proxy, HasSubstr("new.lan"));
  recall(memory, "elsewhere", "2");
  recall(memory, "elsewhere", "3");
  EXPECT_TRUE(memory.picture.empty()) << "another container is asked everything";
}

TEST_F(InsideTest, WhatComesFromOutsideIsSeenInTheCalm) {
  look_until_calm();
  guest.inside.network.upstream = false;
  EXPECT_EQ(wrong_part(look()), "upstream DNS-003;");
  guest.inside.network.upstream = true;
  all_is_well(look());
}

// What is wrong is not taken for calm, however still it is.
TEST_F(InsideTest, ThereIsNoCalmWhileSomethingIsWrong) {
  look_until_calm();
  unit("dnsmasq.service").failed = true;
  unit("dnsmasq.service").active = false;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(wrong_part(look()), "names DNS-001;upstream DNS-003;");
    clock.advance(std::chrono::minutes(2));
  }
  EXPECT_FALSE(memory.picture.contains(parts::kNames));
  unit("dnsmasq.service").failed = false;
  clock.advance(std::chrono::minutes(2));
  all_is_well(look());
}

TEST_F(InsideTest, WhatKeepsFailingIsTriedLessAndLess) {
  look();
  unit("dnsmasq.service").failed = true;
  unit("dnsmasq.service").active = false;
  const Time begin = clock.steady();
  int tries = 0, looks = 0;
  while (clock.steady() < begin + std::chrono::minutes(10)) {
    look();
    tries += static_cast<int>(std::ranges::count(acts, "names: starting dnsmasq.service"));
    ++looks;
    clock.advance(pause_after(memory, clock.steady()));
  }
  EXPECT_GE(tries, 8);
  EXPECT_LE(tries, 12);
  EXPECT_GE(looks, 40) << "the other parts are looked at all the same";
  EXPECT_THAT(message_of(look().find(parts::kNames)->status), HasSubstr("times, tried again at"));
  unit("dnsmasq.service").failed = false;
  clock.advance(std::chrono::minutes(2));
  all_is_well(look());
  EXPECT_EQ(pause_after(memory, clock.steady()), std::chrono::seconds(15));
}

// The connections of the others go on.
TEST_F(InsideTest, ANewRouteIsLoadedWithoutARestart) {
  turn();
  const int starts = unit("caddy.service").starts;
  expose("new.lan");
  all_is_well(turn());
  EXPECT_THAT(guest.inside.network.proxy, HasSubstr("new.lan"));
  EXPECT_EQ(unit("caddy.service").starts, starts);
}

TEST_F(InsideTest, ANewLeaseIsReadWithoutARestart) {
  turn();
  const int starts = unit("dnsmasq.service").starts;
  api::v1alpha1::ApplianceLease lease;
  lease.ns = "home";
  lease.machine = "wiki-0";
  lease.mac = "02:00:00:00:00:01";
  lease.address = "10.20.0.100";
  wanted.leases = {lease};
  all_is_well(turn());
  EXPECT_THAT(guest.inside.files["/etc/gantry/dhcp-hosts"].content,
              HasSubstr("02:00:00:00:00:01,10.20.0.100"));
  EXPECT_THAT(guest.inside.files["/etc/gantry/dns-hosts"].content,
              HasSubstr("10.20.0.100 wiki-0.home.apps.lan"));
  EXPECT_EQ(unit("dnsmasq.service").starts, starts);
}

TEST_F(InsideTest, OneBadFragmentTakesDownOnlyItself) {
  turn();
  guest.inside.network.refused_hosts = {"bad.lan"};
  expose("bad.lan");
  expose("good.lan");
  const auto findings = turn();
  EXPECT_THAT(findings.rejected, ElementsAre("bad.lan"));
  for (const char* host : {"wiki.lan", "shop.lan", "mail.lan", "good.lan"})
    EXPECT_THAT(guest.inside.network.proxy, HasSubstr(host));
  EXPECT_EQ(guest.inside.network.proxy.find("bad.lan"), std::string::npos);
  all_is_well(findings);
}

TEST_F(InsideTest, ABootRestoresTheNetworkWithoutUs) {
  turn();
  lab::boot(guest.inside);
  EXPECT_TRUE(guest.inside.network.forwarding);
  EXPECT_THAT(guest.inside.network.rules, HasSubstr("masquerade"));
}

TEST_F(InsideTest, ASilentUpstreamIsToldAndTheRestGoesOn) {
  guest.inside.network.upstream = false;
  const auto findings = turn();
  EXPECT_EQ(wrong_part(findings), "upstream DNS-003;");
  EXPECT_TRUE(findings.ok());
}

TEST_F(InsideTest, APartThatFailsKeepsNoOtherFromItsTurn) {
  turn();
  unit("dnsmasq.service").failed = true;
  unit("dnsmasq.service").active = false;
  guest.inside.network.proxy = "{}";
  const auto findings = turn();
  EXPECT_EQ(wrong_part(findings), "names DNS-001;upstream DNS-003;");
  EXPECT_THAT(guest.inside.network.proxy, HasSubstr("wiki.lan"));
}

TEST_F(InsideTest, RoutesAreToldAsSoonAsTheProxyHasThem) {
  turn();
  expose("new.lan");
  const auto findings = turn();
  ASSERT_EQ(told.size(), 1);
  EXPECT_EQ(told[0].first, parts::kProxy) << "not after the parts that come later";
  EXPECT_NE(findings.all.back().part, parts::kProxy);
  EXPECT_THAT(told[0].second, HasSubstr("new.lan"));
}

TEST_F(InsideTest, RoutesThatTheProxyDoesNotHaveAreNotTold) {
  turn();
  unit("caddy.service").failed = true;
  unit("caddy.service").active = false;
  turn();
  EXPECT_TRUE(told.empty());
}

TEST_F(InsideTest, AlpineIsRefusedInWords) {
  lab::LittleGuest other("alpine-3.22-default");
  guest::Guest inside(other, guest::Target{NodeName("pve1"), VmId(9999)}, clock);
  const auto findings =
      loop.block_on(clock, look_again(
                               inside, wanted, [](const guest::Progress&) {}, loaded(), memory));
  ASSERT_EQ(findings.all.size(), 1);
  EXPECT_THAT(message_of(findings.all[0].status), HasSubstr("Debian template"));
}

// Wherever an answer is lost, the next turns end well.
TEST_F(InsideTest, ItMayBeCutOffAnywhere) {
  turn();
  const int calls = guest.calls;
  for (int cut = 0; cut < calls; ++cut) {
    lab::LittleGuest fresh("debian-12-standard");
    fresh.fail_at = cut;
    guest::Guest inside(fresh, guest::Target{NodeName("pve1"), VmId(9999)}, clock);
    const guest::Report quiet = [](const guest::Progress&) {};
    Memory fresh_memory;
    (void)loop.block_on(clock, look_again(inside, wanted, quiet, loaded(), fresh_memory));
    fresh_memory.failing.clear();  // what failed is not left alone
    const auto again =
        loop.block_on(clock, look_again(inside, wanted, quiet, loaded(), fresh_memory));
    all_is_well(again);
    EXPECT_THAT(fresh.inside.network.proxy, HasSubstr("wiki.lan")) << "cut at call " << cut;
    EXPECT_THAT(fresh.inside.network.rules, HasSubstr("masquerade")) << "cut at call " << cut;
  }
}

}  // namespace
}  // namespace gantry::controllers::appliance
