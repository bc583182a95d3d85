// System, address, forwarding, packet filter.
#include "controllers/appliance/config/caddy.h"
#include "controllers/appliance/config/dnsmasq.h"
#include "controllers/appliance/config/nftables.h"
#include "controllers/appliance/inside/parts.h"
#include "pkg/base/ipv4.h"
#include "pkg/base/text.h"
#include "pkg/guest/setup/files.h"
#include "pkg/guest/setup/network.h"
#include "pkg/guest/setup/system.h"

namespace gantry::controllers::appliance {
namespace {

using guest::argv_of;

constexpr const char* kForwardingFile = "/etc/sysctl.d/60-gantry.conf";
constexpr const char* kRulesFile = "/etc/gantry/gantry.nft";
// Loaded by nftables.service at boot, so that the network is there without us.
constexpr const char* kBootRules = "/etc/nftables.conf";
// How the table looked right after it was loaded: rules are listed in other words than they are
// written.
constexpr const char* kLoadedRules = "/var/lib/gantry/gantry.nft.loaded";

std::vector<std::string> packages_of(const Wanted& wanted) {
  auto packages = argv_of("nftables", "dnsmasq", "bind9-host", "curl");
  if (wanted.network.proxy) packages.emplace_back("caddy");
  return packages;
}

}  // namespace

Questions ask_system(const Wanted& wanted) {
  Questions questions;
  for (const auto& package : packages_of(wanted))
    questions.push_back(
        argv_of("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}\\n", package));
  questions.push_back(argv_of("ls", "-1", guest::kFolder));  // the notes
  return questions;
}

Questions ask_address(const Wanted&) {
  return {argv_of("ip", "-4", "-o", "addr", "show", "dev", config::kLan, "up")};
}

Questions ask_forwarding(const Wanted&) {
  Questions questions = {argv_of("sysctl", "-n", "net.ipv4.ip_forward")};
  ask_files(questions, argv_of(kForwardingFile));
  return questions;
}

Questions ask_filter(const Wanted&) {
  Questions questions = {argv_of("nft", "-s", "list", "table", "ip", config::kTable),
                         argv_of("systemctl", "is-enabled", "nftables.service")};
  ask_files(questions, argv_of(kRulesFile, kBootRules, kLoadedRules));
  return questions;
}

namespace {

// The command channel's umask is narrow, and the services that read these are not root.
Async<Status> ensure_folders(guest::Setup& setup) {
  const auto look = absl::StrFormat(
      "test -d %s && stat -c '%%a %%U %%G' /etc/gantry && stat -c '%%a %%U %%G' /etc/dnsmasq.d",
      guest::kFolder);
  const auto said = co_await setup.ask(argv_of("sh", "-c", look));
  if (!said.ok()) co_return said.status();
  const bool there = said->code == 0 && said->out == "755 root root\n755 root root\n";
  if (there) co_return Status();
  GANTRY_CO_TRY(co_await setup.change(
      argv_of("mkdir", "-p", guest::kFolder, "/etc/gantry", "/etc/dnsmasq.d")));
  co_return co_await setup.change(argv_of("chmod", "755", "/etc/gantry", "/etc/dnsmasq.d"));
}

}  // namespace

Async<Status> ensure_system(Turn turn) {
  auto& setup = turn.setup;
  setup.look("waiting for the container to boot");
  GANTRY_CO_TRY_ASSIGN(setup.system, co_await guest::read_system(setup));
  if (setup.system.family != guest::Family::debian)
    co_return make_error(ErrorClass::unsupported, "an Appliance needs a Debian template");
  GANTRY_CO_TRY(co_await guest::check_booted(setup));
  GANTRY_CO_TRY(co_await ensure_folders(setup));
  // Before the packages: what they start at once reads them.
  const auto names = open_file(config::kDnsmasqFile, config::dnsmasq_conf(turn.wanted.network));
  GANTRY_CO_TRY_ASSIGN(const bool there, co_await setup.is_so(argv_of("test", "-e", names.path)));
  if (!there) GANTRY_CO_TRY(co_await guest::write_file(setup, names));
  auto installed = co_await guest::install_missing(setup, packages_of(turn.wanted));
  co_return co_await guest::explain_network(setup, std::move(installed));
}

Async<Status> ensure_address(Turn turn) {
  auto& setup = turn.setup;
  const auto& network = turn.wanted.network;
  const auto subnet = parse_ipv4_network(network.cidr).value_or(Ipv4Network());
  const auto address = absl::StrFormat("%s/%d", network.gateway, subnet.prefix);
  const auto question = argv_of("ip", "-4", "-o", "addr", "show", "dev", config::kLan, "up");
  GANTRY_CO_TRY_ASSIGN(auto shown, co_await setup.must(question));
  if (shown.find(" " + address + " ") != std::string::npos) co_return Status();
  setup.act("giving " + std::string(config::kLan) + " its address " + address);
  GANTRY_CO_TRY(co_await setup.change(argv_of("ip", "link", "set", config::kLan, "up")));
  GANTRY_CO_TRY(
      co_await setup.change(argv_of("ip", "addr", "replace", address, "dev", config::kLan)));
  GANTRY_CO_TRY_ASSIGN(shown, co_await setup.must(question));
  if (shown.find(" " + address + " ") != std::string::npos) co_return Status();
  co_return error(ErrorClass::remote, "%s does not keep its address %s", config::kLan, address);
}

Async<Status> ensure_forwarding(Turn turn) {
  auto& setup = turn.setup;
  const auto question = argv_of("sysctl", "-n", "net.ipv4.ip_forward");
  const auto file = open_file(kForwardingFile, "net.ipv4.ip_forward=1\n");
  const auto written = co_await ensure_file(setup, file);
  GANTRY_CO_TRY(written.status());
  GANTRY_CO_TRY_ASSIGN(auto value, co_await setup.must(question));
  if (trim(value) == "1") co_return Status();
  setup.act("turning on forwarding");
  GANTRY_CO_TRY(co_await setup.change(argv_of("sysctl", "-w", "net.ipv4.ip_forward=1")));
  GANTRY_CO_TRY_ASSIGN(value, co_await setup.must(question));
  if (trim(value) == "1") co_return Status();
  co_return make_error(ErrorClass::remote, "net.ipv4.ip_forward does not stay 1");
}

namespace {

// The live table, or "" when there is none.
Async<Result<std::string>> live_rules(guest::Setup& setup) {
  auto listed = co_await setup.ask(argv_of("nft", "-s", "list", "table", "ip", config::kTable));
  if (!listed.ok()) co_return listed.status();
  co_return listed->code == 0 ? std::move(listed->out) : std::string();
}

Async<Status> load_rules(guest::Setup& setup) {
  GANTRY_CO_TRY(co_await setup.change(argv_of("nft", "-f", kRulesFile)));
  GANTRY_CO_TRY_ASSIGN(const auto rules, co_await live_rules(setup));
  if (rules.empty())
    co_return make_error(ErrorClass::remote, "the table is not there after nft -f");
  const auto note = guest::small_file(kLoadedRules, rules);
  co_return co_await setup.push(note);
}

}  // namespace

Async<Status> ensure_filter(Turn turn) {
  auto& setup = turn.setup;
  const auto rules = open_file(kRulesFile, config::nftables(turn.wanted.network));
  const auto boot =
      open_file(kBootRules, absl::StrFormat("#!/usr/sbin/nft -f\ninclude \"%s\"\n", kRulesFile));
  GANTRY_CO_TRY_ASSIGN(const bool changed, co_await ensure_file(setup, rules));
  const auto written = co_await ensure_file(setup, boot);
  GANTRY_CO_TRY(written.status());
  GANTRY_CO_TRY_ASSIGN(const auto live, co_await live_rules(setup));
  auto loaded = co_await setup.ask(argv_of("cat", kLoadedRules));
  if (!loaded.ok()) co_return loaded.status();
  const bool as_loaded = loaded->code == 0 && !live.empty() && loaded->out == live;
  if (changed || !as_loaded) {
    setup.act(live.empty() ? "loading the packet filter and NAT, which are missing"
                           : "replacing the packet filter and NAT");
    GANTRY_CO_TRY(co_await load_rules(setup));
  }
  const auto unit = argv_of("systemctl", "is-enabled", "-q", "nftables.service");
  GANTRY_CO_TRY_ASSIGN(const bool enabled, co_await setup.is_so(unit));
  if (enabled) co_return Status();
  setup.act("enabling nftables.service");
  co_return co_await setup.change(argv_of("systemctl", "enable", "nftables.service"));
}

}  // namespace gantry::controllers::appliance
