#include "controllers/app/rollout.h"

#include <algorithm>

#include "controllers/app/revisions.h"
#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::AppMachine;
using api::v1alpha1::OnFailure;
using api::v1alpha1::RevisionState;
using api::v1alpha1::UpdateStrategy;

void aim(AppMachine& machine, const std::string& revision) {
  if (machine.target == revision) return;
  machine.target = revision;
  machine.failed_revision.clear();
  machine.well_since.reset();
}
void aim_all(App& app, const std::string& revision) {
  for (auto& machine : app.status.machines) aim(machine, revision);
}

std::string name_of(const App& app, const std::string& revision) {
  for (const auto& known : app.status.revisions)
    if (known.revision == revision) return absl::StrFormat("revision %d", known.number);
  return "revision " + revision;
}

void mark(App& app, const std::string& revision, RevisionState state, const std::string& message) {
  for (auto& known : app.status.revisions) {
    if (known.revision == revision) {
      known.state = state;
      known.message = message;
    } else if (state == RevisionState::good && known.state != RevisionState::rolled_back) {
      known.state = RevisionState::superseded;
    }
  }
}

bool has_baked(const App& app, const AppMachine& machine, Time now) {
  const auto bake = app.spec.update.value_or(api::v1alpha1::Update()).bake;
  return machine.ready && machine.revision == app.status.revision && machine.well_since &&
         now - *machine.well_since >= bake;
}

// The first that cannot run what is handed out.
const AppMachine* unable(const App& app) {
  const auto found = std::ranges::find_if(app.status.machines, [&app](const AppMachine& machine) {
    return machine.failed_revision == app.status.revision;
  });
  return found == app.status.machines.end() ? nullptr : &*found;
}

// Those that are down already come first: they cost nobody anything.
void hand_out(App& app, Time now) {
  const auto update = app.spec.update.value_or(api::v1alpha1::Update());
  const auto& wanted = app.status.revision;
  auto& machines = app.status.machines;
  if (update.strategy == UpdateStrategy::recreate) return aim_all(app, wanted);
  int away = 0;
  for (auto& machine : machines) {
    if (machine.target != wanted && !machine.ready) aim(machine, wanted);
    if (machine.target == wanted && !has_baked(app, machine, now)) ++away;
  }
  for (auto& machine : machines) {
    if (away >= update.max_unavailable) return;
    if (machine.target == wanted) continue;
    aim(machine, wanted);
    ++away;
  }
}

News go_back(App& app, const AppMachine& culprit) {
  const auto wanted = app.status.revision;
  const auto text =
      absl::StrFormat("%s failed (%s: %s): back to %s", name_of(app, wanted), culprit.name,
                      culprit.message, name_of(app, app.status.current_revision));
  mark(app, wanted, RevisionState::rolled_back, culprit.name + ": " + culprit.message);
  app.status.failed_revision = wanted;
  aim_all(app, app.status.current_revision);
  return {"RolledBack", text, true};
}

// The revision that every container runs and answers with; empty when there is none.
std::string answering(const App& app) {
  const auto& machines = app.status.machines;
  if (machines.empty()) return "";
  const auto& first = machines.front().revision;
  const bool all = std::ranges::all_of(machines, [&first](const AppMachine& machine) {
    return machine.ready && machine.revision == first;
  });
  return all ? first : "";
}

}  // namespace

std::vector<News> roll(App& app, Time now, bool held) {
  auto& status = app.status;
  const auto& wanted = status.revision;
  if (status.failed_revision != wanted) status.failed_revision.clear();
  // Changed before its first revision has proven itself: what answers everywhere is better to go
  // back to than nothing.
  const auto before = status.current_revision.empty() ? answering(app) : "";
  if (before != wanted && find_revision(app, before) != nullptr) {
    status.current_revision = before;
    mark(app, before, RevisionState::good, "");
  }
  // What somebody asks for again, after something else, is tried again.
  if (!status.failed_revision.empty()) {
    aim_all(app, status.current_revision);
    return {};
  }
  const bool is_update = !status.current_revision.empty() && status.current_revision != wanted;
  if (held && is_update) return {};
  if (!is_update) {
    aim_all(app, wanted);
  } else if (const auto* culprit = unable(app)) {
    const auto update = app.spec.update.value_or(api::v1alpha1::Update());
    if (update.on_failure == OnFailure::rollback) return {go_back(app, *culprit)};
  } else {
    hand_out(app, now);
  }
  const auto& machines = status.machines;
  const bool baked = !machines.empty() && std::ranges::all_of(machines, [&](const auto& machine) {
    return has_baked(app, machine, now);
  });
  if (!baked || status.current_revision == wanted) return {};
  status.current_revision = wanted;
  mark(app, wanted, RevisionState::good, "");
  return {{"RolledOut", name_of(app, wanted) + " runs in every container", false}};
}

bool is_under_way(const App& app) {
  const auto& status = app.status;
  return status.revision != status.current_revision && status.revision != status.failed_revision &&
         !app.spec.suspend && app.spec.replicas > 0;
}

bool has_work_ahead(const App& app) {
  const auto& status = app.status;
  if (app.spec.suspend || app.metadata.deleting() || status.revision == status.failed_revision)
    return false;
  return std::ranges::any_of(status.machines, [&status](const AppMachine& machine) {
    return machine.revision != status.revision;
  });
}

}  // namespace gantry::controllers::app
