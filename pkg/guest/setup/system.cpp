#include "pkg/guest/setup/system.h"

#include <algorithm>
#include <map>

#include "pkg/base/text.h"

namespace gantry::guest {
namespace {

using std::chrono::minutes;
using Words = std::vector<std::string>;

constexpr minutes kPackages{5};  // apt and apk, without a line
constexpr minutes kService{2};   // systemctl and rc-service

// os-release: NAME=value, perhaps in quotes.
std::map<std::string, std::string> read_variables(const std::string& text) {
  std::map<std::string, std::string> variables;
  for (const auto& line : split(text, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string::npos) continue;
    auto value = std::string(trim(line.substr(equals + 1)));
    if (value.size() > 1 && value.front() == '"') value = value.substr(1, value.size() - 2);
    variables[line.substr(0, equals)] = value;
  }
  return variables;
}

Words apt(std::initializer_list<const char*> words) {
  Words argv = {"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q",
                "-o",  "DPkg::Lock::Timeout=60"};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

Words update_lists(Family family) {
  return family == Family::debian ? apt({"update"}) : Words{"apk", "update"};
}

Words install(Family family, const Words& packages) {
  auto argv = family == Family::debian ? apt({"install", "-y", "--no-install-recommends"})
                                       : Words{"apk", "add", "--no-progress"};
  argv.insert(argv.end(), packages.begin(), packages.end());
  return argv;
}

Async<Result<bool>> is_installed(Setup& setup, std::string package) {
  if (setup.system.family == Family::alpine)
    co_return co_await setup.is_so(argv_of("apk", "info", "-e", package));
  const auto parts = split(package, '=');
  auto exit = co_await setup.ask(
      argv_of("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", parts[0]));
  if (!exit.ok()) co_return exit.status();
  const auto words = split(trim(exit->out), ' ');
  const bool installed = exit->code == 0 && words[0] == "installed";
  const bool right_version = parts.size() < 2 || (words.size() > 1 && words[1] == parts[1]);
  co_return installed&& right_version;
}

// OpenRC's services have no suffix.
std::string rc_name(const std::string& unit) {
  return unit.substr(0, unit.rfind(".service"));
}

Words is_enabled(const System& system, const std::string& unit) {
  if (system.family == Family::debian) return {"systemctl", "is-enabled", "-q", unit};
  return {"test", "-e", "/etc/runlevels/default/" + rc_name(unit)};
}
Words enable(const System& system, const std::string& unit) {
  if (system.family == Family::debian) return {"systemctl", "enable", unit};
  return {"rc-update", "add", rc_name(unit), "default"};
}
Words disable(const System& system, const std::string& unit) {
  if (system.family == Family::debian) return {"systemctl", "disable", unit};
  return {"rc-update", "del", rc_name(unit), "default"};
}
Words is_active(const System& system, const std::string& unit) {
  if (system.family == Family::debian) return {"systemctl", "is-active", "-q", unit};
  return {"rc-service", rc_name(unit), "status"};
}
Words act(const System& system, const std::string& unit, const std::string& verb) {
  if (system.family == Family::debian) return {"systemctl", verb, unit};
  return {"rc-service", rc_name(unit), verb};
}

}  // namespace

Async<Result<System>> read_system(Setup& setup) {
  GANTRY_CO_TRY_ASSIGN(const auto text, co_await setup.must(argv_of("cat", "/etc/os-release")));
  auto variables = read_variables(text);
  System system;
  system.name = variables["ID"];
  system.version = variables["VERSION_ID"];
  const auto like = split(variables["ID_LIKE"], ' ');
  const bool is_debian = system.name == "debian" || std::ranges::find(like, "debian") != like.end();
  system.family = is_debian ? Family::debian : Family::alpine;
  if (!is_debian && system.name != "alpine") {
    co_return error(ErrorClass::unsupported,
                    "the container's system is %s: Gantry knows Debian and Alpine",
                    system.name.empty() ? std::string("unknown") : system.name);
  }
  co_return system;
}

Async<Status> check_booted(Setup& setup) {
  const bool debian = setup.system.family == Family::debian;
  auto question = debian ? argv_of("systemctl", "is-system-running") : argv_of("rc-status", "-r");
  auto exit = co_await setup.ask(std::move(question));
  if (!exit.ok()) co_return exit.status();
  const std::string state(trim(exit->out));
  // Unprivileged containers are "degraded" by mounts that they may not make.
  if (state == "running" || state == "degraded" || state == "default") co_return Status();
  co_return error(ErrorClass::locked, "the container is still booting (%s)",
                  state.empty() ? std::string("its init does not answer") : state);
}

Async<Status> install_missing(Setup& setup, Words packages) {
  Words missing;
  for (const auto& package : packages) {
    GANTRY_CO_TRY_ASSIGN(const bool installed, co_await is_installed(setup, package));
    if (!installed) missing.push_back(package);
  }
  if (missing.empty()) co_return Status();
  // It changes nothing that runs, and is what fails while no mirror answers.
  setup.look("reading the package lists");
  GANTRY_CO_TRY(co_await setup.work(update_lists(setup.system.family), Patience(kPackages)));
  setup.act("installing " + join(missing, " "));
  GANTRY_CO_TRY(co_await setup.work(install(setup.system.family, missing), Patience(kPackages)));
  for (const auto& package : missing) {
    GANTRY_CO_TRY_ASSIGN(const bool there, co_await is_installed(setup, package));
    if (!there) co_return error(ErrorClass::remote, "%s is not there after its install", package);
  }
  co_return Status();
}

Async<Status> keep_running(Setup& setup, std::string unit, bool restart) {
  const auto& system = setup.system;
  if (restart && system.family == Family::debian)
    GANTRY_CO_TRY(co_await setup.work(argv_of("systemctl", "daemon-reload"), Patience(kService)));
  GANTRY_CO_TRY_ASSIGN(const bool enabled, co_await setup.is_so(is_enabled(system, unit)));
  if (!enabled) {
    setup.act("enabling " + unit);
    GANTRY_CO_TRY(co_await setup.work(enable(system, unit), Patience(kService)));
  }
  GANTRY_CO_TRY_ASSIGN(bool active, co_await is_running(setup, unit));
  if (active && !restart) co_return Status();
  const std::string verb = active ? "restart" : "start";
  setup.act(verb + "ing " + unit);
  GANTRY_CO_TRY(co_await setup.work(act(system, unit, verb), Patience(kService)));
  GANTRY_CO_TRY_ASSIGN(active, co_await is_running(setup, unit));
  if (active) co_return Status();
  co_return error(ErrorClass::remote, "%s is not active after its %s", unit, verb);
}

Async<Status> keep_from_booting(Setup& setup, std::string unit) {
  const auto& system = setup.system;
  GANTRY_CO_TRY_ASSIGN(const bool enabled, co_await setup.is_so(is_enabled(system, unit)));
  if (!enabled) co_return Status();
  setup.act("disabling " + unit);
  const auto disabled = co_await setup.work(disable(system, unit), Patience(kService));
  co_return disabled;
}

Async<Result<bool>> is_running(Setup& setup, std::string unit) {
  co_return co_await setup.is_so(is_active(setup.system, unit));
}

Async<Result<std::string>> run_id(Setup& setup, std::string unit) {
  GANTRY_CO_TRY_ASSIGN(const bool active, co_await is_running(setup, unit));
  if (!active) co_return std::string();
  if (setup.system.family == Family::alpine) co_return std::string("running");
  GANTRY_CO_TRY_ASSIGN(
      const auto id, co_await setup.must(
                         argv_of("systemctl", "show", "--property=InvocationID", "--value", unit)));
  co_return std::string(trim(id));
}

}  // namespace gantry::guest
