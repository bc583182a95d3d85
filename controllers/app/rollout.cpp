#include "controllers/app/rollout.h"

#include <algorithm>

#include "controllers/app/handover.h"
#include "controllers/app/revisions.h"
#include "controllers/app/slots.h"
#include "controllers/app/snapshots.h"
#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::AppMachine;
using api::v1alpha1::OnFailure;
using api::v1alpha1::RevisionState;
using api::v1alpha1::Slot;
using api::v1alpha1::UpdateStrategy;

// The Machines of one set.
using Set = std::vector<AppMachine*>;
Set set_of(App& app, Slot slot) {
  Set set;
  for (auto& machine : app.status.machines)
    if (machine.slot == slot) set.push_back(&machine);
  return set;
}
Set serving(App& app) {
  return set_of(app, active_slot(app));
}

void aim(AppMachine& machine, const std::string& revision) {
  if (machine.target == revision) return;
  machine.target = revision;
  machine.failed_revision.clear();
  machine.well_since.reset();
  forget_request(machine);
}
void aim_all(const Set& set, const std::string& revision) {
  for (auto* machine : set) aim(*machine, revision);
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
bool have_baked(const App& app, const Set& set, Time now) {
  return !set.empty() && std::ranges::all_of(set, [&](const AppMachine* machine) {
    return has_baked(app, *machine, now);
  });
}

// The first that cannot run what is handed out.
const AppMachine* unable(const App& app, const Set& set) {
  const auto found = std::ranges::find_if(set, [&app](const AppMachine* machine) {
    return machine->failed_revision == app.status.revision;
  });
  return found == set.end() ? nullptr : *found;
}

// Those that are down already come first: they cost nobody anything.
void hand_out(App& app, const Set& set, Time now) {
  const auto update = app.spec.update.value_or(api::v1alpha1::Update());
  const auto& wanted = app.status.revision;
  if (update.strategy == UpdateStrategy::recreate) {
    bool all_kept = true;
    for (auto* machine : set)
      if (machine->target != wanted) all_kept &= keep_data(app, *machine, now);
    if (all_kept) aim_all(set, wanted);
    return;
  }
  int away = 0;
  for (auto* machine : set) {
    const bool is_next = machine->target != wanted && !machine->ready;
    const bool is_kept = !is_next || keep_data(app, *machine, now);
    if (is_next && is_kept) aim(*machine, wanted);
    if (!is_kept || (machine->target == wanted && !has_baked(app, *machine, now))) ++away;
  }
  for (auto* machine : set) {
    if (away >= update.max_unavailable) return;
    if (machine->target == wanted || !machine->ready) continue;
    if (keep_data(app, *machine, now)) aim(*machine, wanted);
    ++away;
  }
}

std::vector<News> go_back(App& app, const AppMachine& culprit) {
  const auto update = app.spec.update.value_or(api::v1alpha1::Update());
  if (update.on_failure != OnFailure::rollback) return {};
  const auto wanted = app.status.revision;
  const auto text =
      absl::StrFormat("%s failed (%s: %s): back to %s", name_of(app, wanted), culprit.name,
                      culprit.message, name_of(app, app.status.current_revision));
  mark(app, wanted, RevisionState::rolled_back, culprit.name + ": " + culprit.message);
  app.status.failed_revision = wanted;
  aim_all(serving(app), app.status.current_revision);
  return {{"RolledBack", text, true}};
}

void call_good(App& app) {
  app.status.current_revision = app.status.revision;
  mark(app, app.status.revision, RevisionState::good, "");
}

// The revision that every container runs and answers with; empty when there is none.
std::string answering(const Set& set) {
  if (set.empty()) return "";
  const auto& first = set.front()->revision;
  const bool all = std::ranges::all_of(set, [&first](const AppMachine* machine) {
    return machine->ready && machine->revision == first;
  });
  return all ? first : "";
}

// What serves is left as it is. What another strategy has begun there stays where it has arrived,
// and is taken back where it has not.
void leave_alone(App& app) {
  for (auto* machine : serving(app)) {
    const bool has_arrived = machine->ready && machine->revision == machine->target;
    if (!has_arrived) aim(*machine, app.status.current_revision);
  }
}

// Only what is in sight is switched to.
bool may_serve(const App& app, const Set& set, Time now) {
  const auto is_unseen = [](const AppMachine* machine) {
    return machine->unknown_since.has_value();
  };
  // Those that are too many by now go once volumes have arrived.
  const auto size = static_cast<int>(set.size());
  const bool is_whole = app.status.handover ? size >= app.spec.replicas : size == app.spec.replicas;
  return is_whole && have_baked(app, set, now) && std::ranges::none_of(set, is_unseen);
}

std::vector<News> switch_over(App& app, const Set& standby, Time now) {
  auto& status = app.status;
  status.active_slot = other(active_slot(app));
  status.switched_at = std::chrono::floor<std::chrono::seconds>(now);
  call_good(app);
  std::vector<std::string> names;
  for (const auto* machine : standby) names.push_back(machine->name);
  return {{"Switched", name_of(app, status.revision) + " serves, in " + join(names, ", "), false}};
}

std::vector<News> bring_up_beside(App& app, Time now) {
  leave_alone(app);
  if (!wants_standby(app)) return {};
  const auto standby = set_of(app, other(active_slot(app)));
  aim_all(standby, app.status.revision);
  if (const auto* culprit = unable(app, standby)) return go_back(app, *culprit);
  if (hands_over(app)) return begin_handover(app, now);
  if (!may_serve(app, standby, now)) return {};
  return switch_over(app, standby, now);
}

// The volumes are with the new version, or on their way there.
std::vector<News> carry_on(App& app, const Set& standby, Time now) {
  const auto* culprit = unable(app, standby);
  if (culprit == nullptr) culprit = overdue(app, now);
  if (culprit != nullptr) {
    if (auto news = go_back(app, *culprit); !news.empty()) {
      turn_back(app);
      return news;
    }
  }
  if (!app.status.handover->stopped_at || !may_serve(app, standby, now)) return {};
  auto news = switch_over(app, standby, now);
  app.status.handover.reset();
  return news;
}

// As long as volumes are on their way nothing else is begun.
std::vector<News> hand_over(App& app, Time now, bool taken) {
  const bool is_return = app.status.handover->to == active_slot(app);
  if (!is_return) {
    const auto why = why_back(app);
    if (why.empty()) return carry_on(app, set_of(app, app.status.handover->to), now);
    turn_back(app);
    return {{"HandingBack", "the volumes go back: " + why, true}};
  }
  aim_all(serving(app), app.status.current_revision);
  return end_return(app, taken);
}

}  // namespace

std::vector<News> roll(App& app, Time now, bool held, bool taken) {
  auto& status = app.status;
  const auto& wanted = status.revision;
  if (set_of(app, other(active_slot(app))).empty()) status.switched_at.reset();
  if (status.failed_revision != wanted) status.failed_revision.clear();
  if (status.handover) return hand_over(app, now, taken);
  // Changed before its first revision has proven itself: what answers everywhere is better to go
  // back to than nothing.
  const auto set = serving(app);
  const auto before = status.current_revision.empty() ? answering(set) : "";
  if (before != wanted && find_revision(app, before) != nullptr) {
    status.current_revision = before;
    mark(app, before, RevisionState::good, "");
  }
  const bool is_update = !status.current_revision.empty() && status.current_revision != wanted;
  // What was kept for an update that did not come is no longer how its data is.
  if (!is_update || held || !status.failed_revision.empty())
    for (auto& machine : status.machines) forget_request(machine);
  // What somebody asks for again, after something else, is tried again.
  if (!status.failed_revision.empty()) {
    aim_all(set, status.current_revision);
    return {};
  }
  if (held && is_update) return {};
  if (!is_update) {
    aim_all(set, wanted);
  } else if (is_blue_green(app)) {
    return bring_up_beside(app, now);
  } else if (const auto* culprit = unable(app, set)) {
    if (auto news = go_back(app, *culprit); !news.empty()) return news;
  } else {
    hand_out(app, set, now);
  }
  if (!have_baked(app, set, now) || status.current_revision == wanted) return {};
  call_good(app);
  return {{"RolledOut", name_of(app, wanted) + " runs in every container", false}};
}

bool is_under_way(const App& app) {
  const auto& status = app.status;
  return status.revision != status.current_revision && status.revision != status.failed_revision &&
         !app.spec.suspend && app.spec.replicas > 0;
}

Duration until_next_proof(const App& app, Time now, Duration longest) {
  const auto bake = app.spec.update.value_or(api::v1alpha1::Update()).bake;
  Duration next = longest;
  for (const auto& machine : app.status.machines) {
    if (!machine.ready || machine.revision != app.status.revision || !machine.well_since) continue;
    const Duration left = *machine.well_since + bake - now;
    if (left > Duration::zero()) next = std::min(next, left);
  }
  return std::max<Duration>(next, std::chrono::seconds(1));
}

bool has_work_ahead(const App& app) {
  const auto& status = app.status;
  if (app.spec.suspend || app.metadata.deleting() || status.revision == status.failed_revision)
    return false;
  return std::ranges::any_of(status.machines, [&app](const AppMachine& machine) {
    return !retires(app, machine) && machine.revision != app.status.revision;
  });
}

}  // namespace gantry::controllers::app
