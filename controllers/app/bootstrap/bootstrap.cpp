#include "controllers/app/bootstrap/bootstrap.h"

#include <algorithm>

#include "controllers/app/bootstrap/docker.h"
#include "controllers/app/bootstrap/images.h"
#include "controllers/app/bootstrap/native.h"
#include "pkg/base/text.h"
#include "pkg/guest/setup/network.h"
#include "pkg/guest/setup/system.h"

namespace gantry::controllers::app {
namespace {

// The way back to us is there before anything that may use it.
Async<Status> begin(Setup& setup) {
  GANTRY_CO_TRY(co_await come_up(setup));
  if (!setup.workload().callback) co_return Status();
  co_return co_await leave_callback(setup);
}

// Written last: everything before it has been proven.
Async<Status> record(Setup& setup) {
  setup.look("noting the revision");
  const auto note = small_file(kRevisionFile, setup.workload().revision + "\n");
  GANTRY_CO_TRY(co_await setup.push(note));
  if (!setup.workload().compose) co_return Status();
  co_return co_await remove_old_payloads(setup);
}

struct Step {
  const char* name;
  Async<Status> (*take)(Setup&);
  bool disturbs = false;  // its changes stop what runs
  bool fetches = false;   // from outside
  bool is_ahead = false;  // needs no volumes: taken before they come
};

// The images come before the files: nothing that the old version sees changes until the new one can
// start.
std::vector<Step> all_steps_of(const ResolvedWorkload& workload) {
  static const std::vector<Step> native = {
      {"system", &begin, false, false, true},
      {"packages", &install_packages, true, true, true},
      {"files", &write_files, false, false, true},
      {"commands", &run_commands, true},
      {"unit", &run_unit, true},
      {"record", &record},
  };
  static const std::vector<Step> compose = {
      {"system", &begin, false, false, true},
      {"runtime", &provide_runtime, false, true, true},
      {"daemon", &provide_daemon, true, false, true},
      {"payload", &write_payload, false, false, true},
      {"images", &pull_images, false, true, true},
      {"files", &write_files},
      {"up", &bring_up, true},
      {"services", &await_services},
      {"record", &record},
  };
  return workload.compose ? compose : native;
}

std::vector<Step> steps_of(const ResolvedWorkload& workload) {
  auto steps = all_steps_of(workload);
  if (!workload.only_prepares) return steps;
  std::erase_if(steps, [](const Step& step) { return !step.is_ahead; });
  if (!workload.compose) steps.push_back({"standby", &stand_by});
  return steps;
}

}  // namespace

std::vector<std::string> step_names(const ResolvedWorkload& workload) {
  std::vector<std::string> names;
  for (const auto& step : steps_of(workload)) names.emplace_back(step.name);
  return names;
}

Async<Status> bootstrap(Guest guest, ResolvedWorkload workload, Report report) {
  Setup setup(guest, workload, std::move(report));
  const auto steps = steps_of(workload);
  int number = 0;
  for (const auto& step : steps) {
    setup.begin(++number, static_cast<int>(steps.size()), step.name, step.disturbs);
    auto taken = co_await step.take(setup);
    if (step.fetches) taken = co_await guest::explain_network(setup, std::move(taken));
    if (!taken.ok()) co_return annotate(std::move(taken), step.name);
  }
  co_return Status();
}

Async<Status> look_inside(Guest guest, ResolvedWorkload workload) {
  Setup setup(guest, workload, [](const Progress&) {});
  if (workload.compose) {
    GANTRY_CO_TRY_ASSIGN(const auto states, co_await states_of(setup));
    if (states.empty()) co_return make_error(ErrorClass::remote, "no service has a container");
    for (const auto& state : states) {
      if (state.verdict() == ServiceState::Verdict::well) continue;
      co_return make_error(ErrorClass::remote, state.service + ": " + to_lower(state.status));
    }
    co_return Status();
  }
  if (workload.unit.empty()) co_return Status();
  GANTRY_CO_TRY_ASSIGN(setup.system, co_await read_system(setup));
  GANTRY_CO_TRY_ASSIGN(const bool running, co_await is_running(setup, workload.unit));
  if (running) co_return Status();
  co_return error(ErrorClass::remote, "%s is not active", workload.unit);
}

Async<Result<std::vector<UsedImage>>> images_inside(Guest guest, ResolvedWorkload workload) {
  if (!workload.compose || workload.only_prepares) co_return std::vector<UsedImage>();
  Setup setup(guest, workload, [](const Progress&) {});
  co_return co_await used_images(setup);
}

Async<Result<std::string>> recorded_revision(Guest guest) {
  auto exit = co_await guest.run(argv_of("cat", kRevisionFile), std::chrono::seconds(30));
  if (!exit.ok()) co_return exit.status();
  if (exit->code != 0) co_return std::string();
  co_return std::string(trim(exit->out));
}

}  // namespace gantry::controllers::app
