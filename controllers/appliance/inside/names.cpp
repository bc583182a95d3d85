// dnsmasq: addresses and names; and who is asked for all other names.
#include "controllers/appliance/config/dnsmasq.h"
#include "controllers/appliance/inside/parts.h"
#include "pkg/base/text.h"
#include "pkg/guest/setup/files.h"
#include "pkg/guest/setup/system.h"

namespace gantry::controllers::appliance {
namespace {

using guest::argv_of;

constexpr const char* kNamesUnit = "dnsmasq.service";
constexpr const char* kNamesCandidate = "/etc/gantry/dnsmasq.next";
constexpr const char* kNamesRestartNote = "dnsmasq-restart";
constexpr const char* kReloadNote = "dnsmasq-reload";

// The main file, tested before it is put in place: what does not pass leaves the old one in force.
Async<Status> write_main_file(Turn turn) {
  auto& setup = turn.setup;
  auto file = open_file(config::kDnsmasqFile, config::dnsmasq_conf(turn.wanted.network));
  GANTRY_CO_TRY_ASSIGN(const bool same, co_await guest::is_same_file(setup, file));
  if (same) co_return Status();
  const auto candidate = open_file(kNamesCandidate, file.content);
  GANTRY_CO_TRY(co_await setup.push(candidate));
  const auto tested = co_await setup.must(
      argv_of("dnsmasq", "--test", std::string("--conf-file=") + kNamesCandidate));
  if (!tested.ok()) co_return annotate(tested.status(), "the new configuration of dnsmasq");
  GANTRY_CO_TRY(co_await leave_note(setup, kNamesRestartNote));
  co_return co_await guest::write_file(setup, file);
}

Async<Status> write_tables(Turn turn) {
  auto& setup = turn.setup;
  const auto& wanted = turn.wanted;
  std::vector<guest::File> files;
  files.push_back(open_file(config::kDhcpHostsFile, config::dhcp_hosts(wanted.leases)));
  files.push_back(open_file(config::kDnsHostsFile,
                            config::dns_hosts(wanted.network, wanted.leases, wanted.routes)));
  for (const auto& file : files) {
    GANTRY_CO_TRY_ASSIGN(const bool same, co_await guest::is_same_file(setup, file));
    if (same) continue;
    GANTRY_CO_TRY(co_await leave_note(setup, kReloadNote));
    GANTRY_CO_TRY(co_await guest::write_file(setup, file));
  }
  co_return Status();
}

Async<Status> reload(guest::Setup& setup) {
  setup.act("having dnsmasq read its tables again");
  GANTRY_CO_TRY(co_await setup.change(argv_of("systemctl", "reload", kNamesUnit)));
  co_return co_await drop_note(setup, kReloadNote);
}

// Whether it answers a question about a name that it must know.
Async<Result<bool>> answers(Turn turn) {
  const auto& network = turn.wanted.network;
  auto answer = co_await turn.setup.ask(
      argv_of("host", "-W", "2", "gateway." + network.dns.domain, network.gateway));
  if (!answer.ok()) co_return answer.status();
  co_return answer->code == 0 && answer->out.find(network.gateway) != std::string::npos;
}

}  // namespace

Questions ask_names(const Wanted& wanted) {
  const auto& network = wanted.network;
  Questions questions = {
      argv_of("systemctl", "is-enabled", kNamesUnit), argv_of("systemctl", "is-active", kNamesUnit),
      argv_of("host", "-W", "2", "gateway." + network.dns.domain, network.gateway)};
  ask_files(questions,
            argv_of(config::kDnsmasqFile, config::kDhcpHostsFile, config::kDnsHostsFile));
  return questions;
}

Async<Status> ensure_names(Turn turn) {
  auto& setup = turn.setup;
  GANTRY_CO_TRY(co_await write_tables(turn));
  GANTRY_CO_TRY(co_await write_main_file(turn));
  GANTRY_CO_TRY_ASSIGN(const bool restart, co_await has_note(setup, kNamesRestartNote));
  GANTRY_CO_TRY_ASSIGN(const bool reload_due, co_await has_note(setup, kReloadNote));
  GANTRY_CO_TRY(co_await guest::keep_running(setup, kNamesUnit, restart));
  if (restart) GANTRY_CO_TRY(co_await drop_note(setup, kNamesRestartNote));
  if (reload_due) GANTRY_CO_TRY(co_await reload(setup));
  GANTRY_CO_TRY_ASSIGN(bool well, co_await answers(turn));
  if (well) co_return Status();
  setup.act("restarting dnsmasq, which does not answer");
  GANTRY_CO_TRY(co_await guest::keep_running(setup, kNamesUnit, true));
  GANTRY_CO_TRY_ASSIGN(well, co_await answers(turn));
  if (well) co_return Status();
  co_return make_error(ErrorClass::remote, "dnsmasq runs and does not answer for its own name");
}

Async<Status> ensure_upstream(Turn turn) {
  auto answer = co_await turn.setup.ask(
      argv_of("host", "-W", "2", "-t", "NS", ".", turn.wanted.network.gateway));
  if (!answer.ok()) co_return answer.status();
  if (answer->code == 0) co_return Status();
  const auto& forwarders = turn.wanted.network.dns.forwarders;
  co_return error(ErrorClass::remote, "names from outside are not answered by %s: %s",
                  forwarders.empty() ? std::string("the uplink's servers") : join(forwarders, ", "),
                  guest::last_line(answer->out));
}

}  // namespace gantry::controllers::appliance
