#include "controllers/app/bootstrap.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::controllers::app {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds kProbe{30};
constexpr minutes kAptUpdate{3};
constexpr minutes kAptInstall{10};
constexpr seconds kSystemctl{90};

// What the bootstrap itself remembers inside the container. All of it is a hint that a probe
// confirms, but for commands without `unless`: there the marker is the probe.
constexpr const char* kFolder = "/var/lib/gantry";
constexpr const char* kRevisionFile = "/var/lib/gantry/revision";
constexpr const char* kRestartFile = "/var/lib/gantry/restart-needed";

Async<Result<bool>> succeeds(Guest& guest, std::vector<std::string> argv) {
  auto exit = co_await guest.run(std::move(argv), kProbe);
  if (!exit.ok()) co_return exit.status();
  co_return exit->code == 0;
}

guest::File small_file(const std::string& path, const std::string& content) {
  guest::File file;
  file.path = path;
  file.content = content;
  file.mode = 0600;
  return file;
}

// ---- system: systemd has come up ---------------------------------------------------------------

Async<Status> wait_for_system(Guest& guest) {
  auto exit = co_await guest.run(argv_of("systemctl", "is-system-running"), kProbe);
  if (!exit.ok()) co_return exit.status();
  const std::string state(trim(exit->out));
  // Unprivileged containers are "degraded" by mounts that they may not make.
  if (state == "running" || state == "degraded") co_return Status();
  co_return error(ErrorClass::locked, "the container is still booting (%s)",
                  state.empty() ? std::string("systemd does not answer") : state);
}

// ---- packages ----------------------------------------------------------------------------------

Async<Result<bool>> is_installed(Guest& guest, std::string package) {
  const auto parts = split(package, '=');
  auto exit = co_await guest.run(
      argv_of("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", parts[0]), kProbe);
  if (!exit.ok()) co_return exit.status();
  const auto words = split(trim(exit->out), ' ');
  const bool installed = exit->code == 0 && words[0] == "installed";
  const bool right_version = parts.size() < 2 || (words.size() > 1 && words[1] == parts[1]);
  co_return installed&& right_version;
}

std::vector<std::string> apt(std::initializer_list<const char*> words) {
  std::vector<std::string> argv = {"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q",
                                   "-o",  "DPkg::Lock::Timeout=60"};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

Async<Status> install_packages(Guest& guest, const ResolvedWorkload& workload,
                               const StepReport& report) {
  std::vector<std::string> missing;
  for (const auto& package : workload.packages) {
    GANTRY_CO_TRY_ASSIGN(const bool installed, co_await is_installed(guest, package));
    if (!installed) missing.push_back(package);
  }
  if (missing.empty()) co_return Status();
  report("packages", "reading the package lists");
  const auto update = apt({"update"});
  auto updated = co_await guest.must_run(update, kAptUpdate);
  if (!updated.ok()) co_return updated.status();
  report("packages", "installing " + join(missing, " "));
  auto install = apt({"install", "-y", "--no-install-recommends"});
  install.insert(install.end(), missing.begin(), missing.end());
  auto installed = co_await guest.must_run(std::move(install), kAptInstall);
  if (!installed.ok()) co_return installed.status();
  for (const auto& package : missing) {
    GANTRY_CO_TRY_ASSIGN(const bool there, co_await is_installed(guest, package));
    if (!there) co_return error(ErrorClass::remote, "%s is not there after its install", package);
  }
  co_return Status();
}

// ---- files -------------------------------------------------------------------------------------

Async<Result<bool>> is_same_file(Guest& guest, const guest::File& file) {
  auto stat = co_await guest.run(argv_of("stat", "-c", "%a %U %G", file.path), kProbe);
  if (!stat.ok()) co_return stat.status();
  const auto wanted = absl::StrFormat("%o %s %s", file.mode, file.owner, file.group);
  if (stat->code != 0 || trim(stat->out) != wanted) co_return false;
  auto sum = co_await guest.run(argv_of("sha256sum", file.path), kProbe);
  if (!sum.ok()) co_return sum.status();
  co_return sum->code == 0 && starts_with(sum->out, hex(crypto::sha256(file.content)));
}

Async<Status> write_files(Guest& guest, const ResolvedWorkload& workload,
                          const StepReport& report) {
  bool noted = false;
  for (const auto& file : workload.files) {
    GANTRY_CO_TRY_ASSIGN(const bool same, co_await is_same_file(guest, file));
    if (same) continue;
    report("files", "writing " + file.path);
    // Noted before the first change: a crash in between must not lose the restart.
    if (!noted) GANTRY_CO_TRY(co_await guest.push(small_file(kRestartFile, "files changed\n")));
    noted = true;
    auto folder = file.path.substr(0, file.path.rfind('/'));
    if (!folder.empty()) {
      auto made = co_await guest.must_run(argv_of("mkdir", "-p", folder), kProbe);
      if (!made.ok()) co_return made.status();
    }
    GANTRY_CO_TRY(co_await guest.push(file));
  }
  co_return Status();
}

// ---- commands ----------------------------------------------------------------------------------

std::string marker_of(const ResolvedCommand& command) {
  std::string text;
  for (const auto& word : command.run) text += std::to_string(word.size()) + ":" + word;
  return std::string(kFolder) + "/command-" + hex(crypto::sha256(text)).substr(0, 16);
}

Async<Status> run_command(Guest& guest, const ResolvedCommand& command, const StepReport& report) {
  const bool probed = !command.unless.empty();
  const auto marker = marker_of(command);
  const auto probe = probed ? command.unless : argv_of("test", "-e", marker);
  GANTRY_CO_TRY_ASSIGN(const bool done, co_await succeeds(guest, probe));
  if (done) co_return Status();
  const auto name = command.name.empty() ? command.run.front() : command.name;
  report("commands", "running " + name);
  auto ran = co_await guest.must_run(command.run, command.timeout);
  if (!ran.ok()) co_return annotate(ran.status(), "command " + name);
  if (!probed) co_return co_await guest.push(small_file(marker, "done\n"));
  GANTRY_CO_TRY_ASSIGN(const bool now_done, co_await succeeds(guest, probe));
  if (now_done) co_return Status();
  co_return error(ErrorClass::remote, "command %s ended well, but its `unless` still fails", name);
}

// ---- unit --------------------------------------------------------------------------------------

Async<Status> run_unit(Guest& guest, const ResolvedWorkload& workload, const StepReport& report) {
  const auto& unit = workload.unit;
  if (unit.empty()) co_return Status();
  GANTRY_CO_TRY_ASSIGN(const bool restart,
                       co_await succeeds(guest, argv_of("test", "-e", kRestartFile)));
  if (restart) {
    auto reloaded = co_await guest.must_run(argv_of("systemctl", "daemon-reload"), kSystemctl);
    if (!reloaded.ok()) co_return reloaded.status();
  }
  GANTRY_CO_TRY_ASSIGN(const bool enabled,
                       co_await succeeds(guest, argv_of("systemctl", "is-enabled", "-q", unit)));
  if (!enabled) {
    report("unit", "enabling " + unit);
    auto made = co_await guest.must_run(argv_of("systemctl", "enable", unit), kSystemctl);
    if (!made.ok()) co_return made.status();
  }
  GANTRY_CO_TRY_ASSIGN(bool active,
                       co_await succeeds(guest, argv_of("systemctl", "is-active", "-q", unit)));
  if (!active || restart) {
    const std::string verb = active ? "restart" : "start";
    report("unit", verb + "ing " + unit);
    auto ran = co_await guest.must_run(argv_of("systemctl", verb, unit), kSystemctl);
    if (!ran.ok()) co_return ran.status();
    GANTRY_CO_TRY_ASSIGN(active,
                         co_await succeeds(guest, argv_of("systemctl", "is-active", "-q", unit)));
    if (!active) co_return error(ErrorClass::remote, "%s is not active after its %s", unit, verb);
  }
  if (!restart) co_return Status();
  auto cleared = co_await guest.must_run(argv_of("rm", "-f", kRestartFile), kProbe);
  co_return cleared.status();
}

}  // namespace

Async<Status> bootstrap(Guest guest, ResolvedWorkload workload, StepReport report) {
  const auto named = [](Status status, std::string_view step) {
    return status.ok() ? status : annotate(std::move(status), step);
  };
  report("system", "waiting for the container to boot");
  GANTRY_CO_TRY(named(co_await wait_for_system(guest), "system"));
  auto folder = co_await guest.must_run(argv_of("mkdir", "-p", kFolder), kProbe);
  if (!folder.ok()) co_return folder.status();
  report("packages", "checking packages");
  GANTRY_CO_TRY(named(co_await install_packages(guest, workload, report), "packages"));
  report("files", "checking files");
  GANTRY_CO_TRY(named(co_await write_files(guest, workload, report), "files"));
  report("commands", "checking commands");
  for (const auto& command : workload.commands)
    GANTRY_CO_TRY(named(co_await run_command(guest, command, report), "commands"));
  report("unit", "checking the unit");
  GANTRY_CO_TRY(named(co_await run_unit(guest, workload, report), "unit"));
  const auto record = small_file(kRevisionFile, workload.revision + "\n");
  co_return named(co_await guest.push(record), "record");
}

Async<Result<std::string>> recorded_revision(Guest guest) {
  auto exit = co_await guest.run(argv_of("cat", kRevisionFile), kProbe);
  if (!exit.ok()) co_return exit.status();
  if (exit->code != 0) co_return std::string();
  co_return std::string(trim(exit->out));
}

}  // namespace gantry::controllers::app
