#include "controllers/app/bootstrap/native.h"

#include <optional>

#include "controllers/app/bootstrap/restart.h"
#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/guest/setup/system.h"

namespace gantry::controllers::app {

Async<Status> come_up(Setup& setup) {
  setup.look("waiting for the container to boot");
  GANTRY_CO_TRY_ASSIGN(setup.system, co_await read_system(setup));
  GANTRY_CO_TRY(co_await check_booted(setup));
  co_return co_await setup.change(argv_of("mkdir", "-p", kFolder));
}

Async<Status> install_packages(Setup& setup) {
  setup.look("checking packages");
  co_return co_await install_missing(setup, setup.workload().packages);
}

// ---- files -------------------------------------------------------------------------------------

constexpr const char* kFileMissing = "BST-008";

// Everything of this revision had been there, and was proven.
Async<Result<bool>> was_complete(Setup& setup) {
  GANTRY_CO_TRY_ASSIGN(const auto noted, co_await setup.ask(argv_of("cat", kRevisionFile)));
  co_return noted.code == 0 && trim(noted.out) == setup.workload().revision;
}

Async<Status> write_files(Setup& setup) {
  setup.look("checking files");
  bool noted = false;
  std::optional<bool> complete;
  for (const auto& file : setup.workload().files) {
    GANTRY_CO_TRY_ASSIGN(const bool same, co_await is_same_file(setup, file));
    if (same) continue;
    // Noted before the first change: a crash in between must not lose the restart.
    if (!noted) GANTRY_CO_TRY(co_await setup.push(small_file(kRestartFile, "files changed\n")));
    noted = true;
    if (!complete) {
      GANTRY_CO_TRY_ASSIGN(complete, co_await was_complete(setup));
    }
    if (*complete) setup.mend(file.path + " is not as it was written", kFileMissing);
    GANTRY_CO_TRY(co_await write_file(setup, file));
  }
  co_return Status();
}

Async<Status> write_registry_files(Setup& setup) {
  for (const auto& file : setup.workload().files) {
    if (!starts_with(file.path, "/etc/docker/certs.d/") &&
        !starts_with(file.path, "/root/.docker/"))
      continue;
    GANTRY_CO_TRY_ASSIGN(const bool same, co_await is_same_file(setup, file));
    if (!same) GANTRY_CO_TRY(co_await write_file(setup, file));
  }
  co_return Status();
}

Async<Result<bool>> is_restart_due(Setup& setup) {
  co_return co_await setup.is_so(argv_of("test", "-e", kRestartFile));
}

Async<Status> note_restart_done(Setup& setup) {
  co_return co_await setup.change(argv_of("rm", "-f", kRestartFile));
}

// ---- commands ----------------------------------------------------------------------------------

namespace {

std::string marker_of(const ResolvedCommand& command) {
  std::string text;
  for (const auto& word : command.run) text += std::to_string(word.size()) + ":" + word;
  return absl::StrFormat("%s/command-%s", kFolder, crypto::sha256_hex(text).substr(0, 16));
}

Async<Status> run_command(Setup& setup, const ResolvedCommand& command) {
  const bool probed = !command.unless.empty();
  const auto marker = marker_of(command);
  const auto probe = probed ? command.unless : argv_of("test", "-e", marker);
  GANTRY_CO_TRY_ASSIGN(const bool done, co_await setup.is_so(probe));
  if (done) co_return Status();
  const auto name = command.name.empty() ? command.run.front() : command.name;
  setup.act("running " + name);
  const Patience patience(command.timeout, command.timeout);
  auto ran = co_await setup.work(command.run, patience);
  if (!ran.ok()) co_return annotate(std::move(ran), "command " + name);
  if (!probed) co_return co_await setup.push(small_file(marker, "done\n"));
  GANTRY_CO_TRY_ASSIGN(const bool now_done, co_await setup.is_so(probe));
  if (now_done) co_return Status();
  co_return error(ErrorClass::remote, "command %s ended well, but its `unless` still fails", name);
}

}  // namespace

Async<Status> run_commands(Setup& setup) {
  setup.look("checking commands");
  for (const auto& command : setup.workload().commands)
    GANTRY_CO_TRY(co_await run_command(setup, command));
  co_return Status();
}

namespace {

// By the id of its run, where somebody has asked for a restart; none: it does not run.
Async<Result<std::vector<std::string>>> running_units(Setup& setup, std::string unit) {
  std::vector<std::string> ids;
  if (setup.workload().restart.empty()) co_return ids;
  GANTRY_CO_TRY_ASSIGN(const auto id, co_await run_id(setup, unit));
  if (!id.empty()) ids.push_back(id);
  co_return ids;
}

}  // namespace

Async<Status> run_unit(Setup& setup) {
  const auto& unit = setup.workload().unit;
  if (unit.empty()) co_return Status();
  setup.look("checking " + unit);
  GANTRY_CO_TRY_ASSIGN(const auto running, co_await running_units(setup, unit));
  GANTRY_CO_TRY_ASSIGN(const bool asked, co_await is_restart_asked(setup, running));
  GANTRY_CO_TRY_ASSIGN(const bool due, co_await is_restart_due(setup));
  GANTRY_CO_TRY(co_await keep_running(setup, unit, due || asked));
  if (asked) GANTRY_CO_TRY(co_await note_restart_given(setup));
  if (!due) co_return Status();
  co_return co_await note_restart_done(setup);
}

Async<Status> stand_by(Setup& setup) {
  const auto& unit = setup.workload().unit;
  if (unit.empty()) co_return Status();
  setup.look("keeping " + unit + " from starting by itself");
  co_return co_await keep_from_booting(setup, unit);
}

}  // namespace gantry::controllers::app
