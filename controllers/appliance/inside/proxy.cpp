// Caddy: routes and certificates.
#include <algorithm>

#include "controllers/appliance/config/caddy.h"
#include "controllers/appliance/inside/parts.h"
#include "pkg/base/text.h"
#include "pkg/guest/setup/files.h"
#include "pkg/guest/setup/system.h"
#include "pkg/schema/json.h"

namespace gantry::controllers::appliance {
namespace {

using api::v1alpha1::ApplianceRoute;
using guest::argv_of;
using Routes = std::vector<ApplianceRoute>;

constexpr const char* kProxyUnit = "caddy.service";
constexpr const char* kDropIn = "/etc/systemd/system/caddy.service.d/gantry.conf";
constexpr const char* kFile = "/etc/gantry/caddy.json";
constexpr const char* kProxyCandidate = "/etc/gantry/caddy.next.json";
constexpr const char* kSocket = "/run/caddy/gantry.sock";
constexpr const char* kAuthority = "/etc/gantry/ca.pem";
constexpr const char* kProxyRestartNote = "caddy-restart";

std::string text_of(const Json& config) {
  return schema::to_json(config);
}

// The admin API, on its socket: no guest can reach it.
std::vector<std::string> admin(const std::string& path) {
  return argv_of("curl", "-sS", "--fail-with-body", "--max-time", "10", "--unix-socket", kSocket,
                 std::string("http://") + config::kCaddyAdminHost + path);
}

// Whether Caddy would take that, asked without touching the one that runs.
Async<Result<bool>> is_valid(guest::Setup& setup, std::string text, std::string& why) {
  const auto candidate = open_file(kProxyCandidate, text);
  GANTRY_CO_TRY(co_await setup.push(candidate));
  // It makes keys of its own while it checks: not among those of the service.
  auto checked = co_await setup.ask(argv_of("env", "HOME=/var/lib/gantry/caddy-check",
                                            "XDG_DATA_HOME=/var/lib/gantry/caddy-check", "caddy",
                                            "validate", "--config", kProxyCandidate));
  if (!checked.ok()) co_return checked.status();
  if (checked->code != 0) why = message_of(guest::status_of("caddy validate", *checked));
  co_return checked->code == 0;
}

class Bisection {
 public:
  explicit Bisection(Turn turn) : turn_(turn) {}

  // Splits `routes` into those that pass together and those that do not pass alone. O(bad × log n)
  // checks.
  Async<Status> sort(Routes routes) {
    if (routes.empty()) co_return Status();
    Routes together = good;
    together.insert(together.end(), routes.begin(), routes.end());
    const auto& proxy = *turn_.wanted.network.proxy;
    auto text = text_of(config::caddy(proxy, together));
    std::string why;
    GANTRY_CO_TRY_ASSIGN(const bool passes, co_await is_valid(turn_.setup, std::move(text), why));
    if (passes) {
      good = std::move(together);
      co_return Status();
    }
    if (routes.size() == 1) {
      bad.push_back(routes.front());
      bad.back().message = why;
      co_return Status();
    }
    const auto middle = routes.begin() + static_cast<std::ptrdiff_t>(routes.size() / 2);
    Routes first(routes.begin(), middle), second(middle, routes.end());
    GANTRY_CO_TRY(co_await sort(std::move(first)));
    co_return co_await sort(std::move(second));
  }

  Routes good, bad;

 private:
  Turn turn_;
};

Async<Result<Json>> live_config(guest::Setup& setup) {
  auto answer = co_await setup.ask(admin("/config/"));
  if (!answer.ok()) co_return answer.status();
  if (answer->code != 0) co_return Json();
  auto parsed = schema::parse_json(answer->out);
  co_return parsed.ok() ? *std::move(parsed) : Json();
}

// What runs goes on with its connections; a configuration that is refused leaves the old in force.
Async<Status> load(guest::Setup& setup) {
  auto argv = admin("/load");
  for (const char* word : {"-X", "POST", "-H", "Content-Type: application/json", "--data-binary"})
    argv.emplace_back(word);
  argv.push_back(std::string("@") + kFile);
  co_return co_await setup.change(std::move(argv));
}

const char* drop_in() {
  return "# Written by gantry; a change is replaced.\n"
         "[Service]\n"
         "ExecStart=\n"
         "ExecStart=/usr/bin/caddy run --config /etc/gantry/caddy.json\n"
         "ExecReload=\n"
         "RuntimeDirectory=caddy\n"
         "RuntimeDirectoryMode=0750\n";
}

// What is to be served: all routes, or those that pass when one spoils it for the others.
Async<Result<Json>> choose(Turn turn) {
  const auto& proxy = *turn.wanted.network.proxy;
  auto all = config::caddy(proxy, turn.wanted.routes);
  const auto file = open_file(kFile, text_of(all));
  GANTRY_CO_TRY_ASSIGN(const bool same, co_await guest::is_same_file(turn.setup, file));
  if (same) co_return all;
  std::string why;
  GANTRY_CO_TRY_ASSIGN(const bool passes, co_await is_valid(turn.setup, file.content, why));
  if (passes) co_return all;
  Bisection bisection(turn);
  GANTRY_CO_TRY(co_await bisection.sort(turn.wanted.routes));
  for (const auto& route : bisection.bad) turn.findings.rejected.push_back(route.host);
  co_return config::caddy(proxy, bisection.good);
}

}  // namespace

Questions ask_proxy(const Wanted& wanted) {
  if (!wanted.network.proxy) return {};
  Questions questions = {argv_of("systemctl", "is-enabled", kProxyUnit),
                         argv_of("systemctl", "is-active", kProxyUnit), admin("/config/")};
  ask_files(questions, argv_of(kDropIn, kFile));
  return questions;
}

Async<Status> ensure_proxy(Turn turn) {
  if (!turn.wanted.network.proxy) co_return Status();
  auto& setup = turn.setup;
  const auto unit = open_file(kDropIn, drop_in());
  GANTRY_CO_TRY_ASSIGN(const bool unit_same, co_await guest::is_same_file(setup, unit));
  if (!unit_same) {
    GANTRY_CO_TRY(co_await leave_note(setup, kProxyRestartNote));
    GANTRY_CO_TRY(co_await guest::write_file(setup, unit));
  }
  GANTRY_CO_TRY_ASSIGN(const auto wanted, co_await choose(turn));
  const auto file = open_file(kFile, text_of(wanted));
  const auto written = co_await ensure_file(setup, file);
  GANTRY_CO_TRY(written.status());
  GANTRY_CO_TRY_ASSIGN(const bool restart, co_await has_note(setup, kProxyRestartNote));
  GANTRY_CO_TRY(co_await guest::keep_running(setup, kProxyUnit, restart));
  if (restart) GANTRY_CO_TRY(co_await drop_note(setup, kProxyRestartNote));
  GANTRY_CO_TRY_ASSIGN(auto live, co_await live_config(setup));
  if (live == wanted) co_return Status();
  setup.act("loading the proxy's configuration");
  GANTRY_CO_TRY(co_await load(setup));
  GANTRY_CO_TRY_ASSIGN(live, co_await live_config(setup));
  if (live == wanted) co_return Status();
  co_return with_code(
      make_error(ErrorClass::remote, "Caddy does not serve the configuration that it was given"),
      "PRX-002");
}

namespace {

std::vector<std::string> handshake(const api::v1alpha1::ApplianceProxy& proxy,
                                   const std::string& host) {
  const auto port = std::to_string(proxy.https);
  return argv_of("curl", "-sS", "-o", "/dev/null", "--max-time", "3", "--cacert", kAuthority,
                 "--resolve", host + ":" + port + ":127.0.0.1", "-X", "OPTIONS",
                 "https://" + host + ":" + port + "/");
}

bool has_certificates(const Wanted& wanted) {
  const auto& proxy = wanted.network.proxy;
  return proxy && proxy->tls == api::v1alpha1::ProxyTls::internal;
}

Async<Status> check_host(Turn turn, std::string host) {
  auto answer = co_await turn.setup.ask(handshake(*turn.wanted.network.proxy, host));
  if (!answer.ok()) co_return answer.status();
  // 28: the App behind it takes its time; the connection stands.
  if (answer->code == 0 || answer->code == 28) co_return Status();
  co_return annotate(guest::status_of("curl", *answer), "certificate of " + host);
}

}  // namespace

Questions ask_certificates(const Wanted& wanted) {
  if (!has_certificates(wanted)) return {};
  Questions questions = {admin("/pki/ca/local")};
  ask_files(questions, argv_of(kAuthority));
  for (const auto& route : wanted.routes)
    if (route.tls) questions.push_back(handshake(*wanted.network.proxy, route.host));
  return questions;
}

Async<Status> ensure_certificates(Turn turn) {
  if (!has_certificates(turn.wanted)) co_return Status();
  const auto* proxy = turn.findings.find(parts::kProxy);
  if (proxy != nullptr && !proxy->status.ok()) co_return proxy->status;
  auto& setup = turn.setup;
  GANTRY_CO_TRY_ASSIGN(const auto text, co_await setup.must(admin("/pki/ca/local")));
  auto authority = schema::parse_json(text);
  if (!authority.ok()) co_return annotate(authority.status(), "Caddy's authority");
  turn.findings.certificate_authority = authority->string_or("root_certificate", "");
  const auto file = open_file(kAuthority, turn.findings.certificate_authority);
  const auto written = co_await ensure_file(setup, file);
  GANTRY_CO_TRY(written.status());
  for (const auto& route : turn.wanted.routes) {
    const auto& rejected = turn.findings.rejected;
    const bool served = std::ranges::find(rejected, route.host) == rejected.end();
    if (route.tls && served) GANTRY_CO_TRY(co_await check_host(turn, route.host));
  }
  co_return Status();
}

}  // namespace gantry::controllers::appliance
