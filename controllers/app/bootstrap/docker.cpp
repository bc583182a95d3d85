#include "controllers/app/bootstrap/docker.h"

#include <algorithm>

#include "api/v1alpha1/compose.h"
#include "controllers/app/bootstrap/compose_project.h"
#include "controllers/app/bootstrap/native.h"
#include "controllers/app/bootstrap/restart.h"
#include "controllers/app/bootstrap/symptoms.h"
#include "pkg/base/text.h"
#include "pkg/guest/setup/system.h"

namespace gantry::controllers::app {
namespace {

using std::chrono::minutes;

constexpr minutes kUp{5};
constexpr const char* kDockerUnit = "docker.service";

Async<Result<bool>> has_compose(Setup& setup) {
  auto exit = co_await setup.ask(argv_of("docker", "compose", "version", "--short"));
  if (!exit.ok()) co_return exit.status();
  const auto version = trim(exit->out);
  // "2.26.1", "v2.26.1"; whatever version 1 was, it was no plug-in.
  co_return exit->code == 0 && !version.empty();
}

// Debian's Compose is version 2 from 13 on.
bool has_packages(const System& system) {
  if (system.family == Family::alpine) return true;
  const auto version = parse_integer(system.version);
  return system.name != "debian" || !version || *version >= 13;
}

}  // namespace

Async<Status> provide_runtime(Setup& setup) {
  setup.look("looking for Docker and Compose");
  GANTRY_CO_TRY_ASSIGN(const bool there, co_await has_compose(setup));
  if (there) co_return Status();
  if (!has_packages(setup.system)) {
    co_return with_code(error(ErrorClass::invalid,
                              "Docker Compose 2 is not there, and Debian %s has no package of it: "
                              "use a Debian 13 or Alpine template, or a golden one with Docker",
                              setup.system.version),
                        "DKR-001");
  }
  auto packages = api::v1alpha1::docker_packages(setup.system.family == Family::alpine);
  auto installed = co_await install_missing(setup, std::move(packages));
  if (!installed.ok()) co_return diagnosed(std::move(installed), "DKR-001");
  GANTRY_CO_TRY_ASSIGN(const bool now, co_await has_compose(setup));
  if (now) co_return Status();
  co_return with_code(
      make_error(ErrorClass::remote,
                 "its packages are installed, but `docker compose` does not answer"),
      "DKR-004");
}

Async<Status> provide_daemon(Setup& setup) {
  setup.look("looking for the Docker daemon");
  auto running = co_await keep_running(setup, kDockerUnit, false);
  if (!running.ok()) co_return diagnosed(std::move(running), "DKR-002");
  auto driver = co_await setup.must(argv_of("docker", "info", "--format", "{{.Driver}}"));
  if (!driver.ok()) co_return diagnosed(driver.status(), "DKR-002");
  if (trim(*driver) != "vfs") co_return Status();
  // It would copy every layer of every image whole.
  co_return with_code(
      make_error(ErrorClass::invalid,
                 "Docker has no overlay on this file system and would copy every image whole "
                 "(driver vfs): use a storage of another type, or a class with fuse"),
      "DKR-006");
}

Async<Status> write_payload(Setup& setup) {
  setup.look("writing the project's files");
  const auto folder = payload_folder(setup.workload().revision);
  GANTRY_CO_TRY(co_await setup.change(argv_of("mkdir", "-p", folder, project_folder())));
  const auto files = payload_of(setup.workload());
  for (const auto& file : files) GANTRY_CO_TRY(co_await setup.push(file));
  GANTRY_CO_TRY(co_await write_registry_files(setup));
  auto checked = co_await setup.must(compose(setup.workload(), argv_of("config", "-q")));
  if (checked.ok()) co_return Status();
  if (error_class(checked.status()) != ErrorClass::remote) co_return checked.status();
  // Docker knows the rest of the format; only another file can help.
  co_return with_code(make_error(ErrorClass::invalid, message_of(checked.status())), "BST-005");
}

namespace {

// This revision has been brought up once, and every service still has a container that lives or has
// ended well: nothing to do. (Starting it again would repeat jobs that have ended.)
Async<Result<bool>> is_up(Setup& setup) {
  auto recorded = co_await setup.ask(argv_of("cat", kRevisionFile));
  if (!recorded.ok()) co_return recorded.status();
  if (recorded->code != 0 || trim(recorded->out) != setup.workload().revision) co_return false;
  auto listed = co_await setup.must(compose(setup.workload(), argv_of("config", "--services")));
  if (!listed.ok()) co_return listed.status();
  GANTRY_CO_TRY_ASSIGN(const auto states, co_await states_of(setup));
  for (const auto& line : split(*listed, '\n')) {
    const std::string service(trim(line));
    if (service.empty()) continue;
    const auto alive = [&service](const ServiceState& state) {
      return state.service == service && state.verdict() != ServiceState::Verdict::failed;
    };
    if (std::ranges::none_of(states, alive)) co_return false;
  }
  co_return true;
}

Async<Result<std::vector<std::string>>> container_ids(Setup& setup) {
  std::vector<std::string> ids;
  if (setup.workload().restart.empty()) co_return ids;
  GANTRY_CO_TRY_ASSIGN(const auto states, co_await states_of(setup));
  for (const auto& state : states) ids.push_back(state.id);
  co_return ids;
}

}  // namespace

Async<Status> bring_up(Setup& setup) {
  setup.look("comparing the services with the file");
  GANTRY_CO_TRY_ASSIGN(const auto ids, co_await container_ids(setup));
  GANTRY_CO_TRY_ASSIGN(const bool asked, co_await is_restart_asked(setup, ids));
  GANTRY_CO_TRY_ASSIGN(const bool due, co_await is_restart_due(setup));
  const bool restart = due || asked;
  GANTRY_CO_TRY_ASSIGN(const bool up, co_await is_up(setup));
  if (up && !restart) co_return Status();
  setup.act("bringing the services up");
  // Compose compares and changes only what differs; new files, and a restart that somebody has
  // asked for, need new containers.
  std::vector<std::string> words = {"up",     "-d",    "--no-build",
                                    "--pull", "never", "--remove-orphans"};
  if (restart) words.emplace_back("--force-recreate");
  auto done = co_await setup.work(compose(setup.workload(), words), Patience(kUp));
  if (!done.ok()) co_return diagnosed(std::move(done), "WKL-008");
  if (asked) GANTRY_CO_TRY(co_await note_restart_given(setup));
  if (!due) co_return Status();
  co_return co_await note_restart_done(setup);
}

Async<Status> remove_old_payloads(Setup& setup) {
  auto listed = co_await setup.must(argv_of("ls", "-1", payload_root()));
  if (!listed.ok()) co_return listed.status();
  const auto lines = split(*listed, '\n');
  for (const auto& line : lines) {
    const std::string name(trim(line));
    if (name.empty() || name == setup.workload().revision) continue;
    GANTRY_CO_TRY(co_await setup.change(argv_of("rm", "-rf", payload_folder(name))));
  }
  co_return Status();
}

}  // namespace gantry::controllers::app
