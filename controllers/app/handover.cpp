#include "controllers/app/handover.h"

#include <algorithm>
#include <tuple>

#include "controllers/app/slots.h"
#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::AppMachine;
using api::v1alpha1::Handover;
using api::v1alpha1::HandoverRole;
using api::v1alpha1::Machine;
using api::v1alpha1::PowerState;
using api::v1alpha1::Slot;

const AppMachine* find_machine(const App& app, const std::string& name) {
  const auto found = std::ranges::find(app.status.machines, name, &AppMachine::name);
  return found == app.status.machines.end() ? nullptr : &*found;
}

std::vector<const AppMachine*> set_of(const App& app, Slot slot) {
  std::vector<const AppMachine*> set;
  for (const auto& machine : app.status.machines)
    if (machine.slot == slot) set.push_back(&machine);
  return set;
}

bool is_away(const App& app) {
  return app.status.handover && app.status.handover->to != active_slot(app);
}

std::string names_of(const std::vector<const AppMachine*>& set) {
  std::vector<std::string> names;
  for (const auto* machine : set) names.push_back(machine->name);
  return join(names, ", ");
}

bool waits_for_volumes(const App& app, const AppMachine& machine) {
  return machine.prepared == app.status.revision && machine.step == "stopped" &&
         !machine.unknown_since;
}

auto way_of(const api::v1alpha1::AppStatus& status) {
  const auto handover = status.handover.value_or(api::v1alpha1::AppHandover());
  return std::tuple(handover.revision, handover.to, handover.stopped_at);
}

}  // namespace

bool may_plan(const App& before, const App& app) {
  const auto& was = before.status;
  const auto& is = app.status;
  if (way_of(was) != way_of(is)) return false;
  return !is_blue_green(app) ||
         std::tie(was.revision, was.current_revision, was.failed_revision, was.active_slot,
                  was.switched_at) == std::tie(is.revision, is.current_revision, is.failed_revision,
                                               is.active_slot, is.switched_at);
}

bool hands_over(const App& app) {
  return is_blue_green(app) && !app.spec.volumes.empty();
}

int replicas_of(const App& app) {
  return static_cast<int>(
      std::max(set_of(app, Slot::blue).size(), set_of(app, Slot::green).size()));
}

bool only_prepares(const App& app, const AppMachine& machine) {
  const auto& handover = app.status.handover;
  return !app.spec.volumes.empty() && !is_serving(app, machine) &&
         !(handover && handover->stopped_at);
}

void arrange(const App& app, int ordinal, Machine& machine) {
  const auto slot = slot_of(machine.metadata.name);
  const auto& handover = app.status.handover;
  const bool moves = handover && handover->stopped_at;
  const bool serves = slot == active_slot(app);
  if (app.spec.volumes.empty() || (serves && !moves)) return;
  Handover part;
  part.machine = machine_name(app, ordinal, other(slot));
  if (moves) part.role = slot == handover->to ? HandoverRole::takes : HandoverRole::gives;
  machine.spec.handover = part;
  const auto* shown = find_machine(app, machine.metadata.name);
  const bool is_prepared = shown != nullptr && shown->prepared == app.status.revision;
  const bool stands_still =
      part.role == HandoverRole::gives || (part.role == HandoverRole::waits && is_prepared);
  if (stands_still) machine.spec.power_state = PowerState::stopped;
  // Volumes change their container on one node only.
  const auto* peer = find_machine(app, part.machine);
  if (!serves && peer != nullptr && !peer->node.empty()) machine.spec.node = peer->node;
}

std::vector<News> begin_handover(App& app, Time now) {
  const auto standby = set_of(app, other(active_slot(app)));
  const auto serving = set_of(app, active_slot(app));
  const bool is_ready =
      static_cast<int>(standby.size()) == app.spec.replicas && !standby.empty() &&
      std::ranges::all_of(standby, [&](const auto* each) { return waits_for_volumes(app, *each); });
  const bool is_seen = std::ranges::none_of(
      serving, [](const auto* each) { return each->unknown_since.has_value(); });
  if (!is_ready || !is_seen) return {};
  auto& handover = app.status.handover.emplace();
  handover.revision = app.status.revision;
  handover.to = other(active_slot(app));
  handover.started_at = std::chrono::floor<std::chrono::seconds>(now);
  return {{"HandingOver",
           absl::StrFormat("the volumes go to %s: requests wait for it, and no snapshot is kept, "
                           "which would hold them",
                           names_of(standby)),
           false}};
}

void turn_back(App& app) {
  if (!app.status.handover->stopped_at) {
    app.status.handover.reset();
  } else {
    app.status.handover->to = active_slot(app);
  }
}

std::string why_back(const App& app) {
  const auto& status = app.status;
  if (status.revision != status.handover->revision) return "the App has been changed";
  if (!is_blue_green(app)) return "the App is updated otherwise now";
  if (app.spec.suspend) return "the App is suspended";
  return "";
}

const AppMachine* overdue(const App& app, Time now) {
  const auto& handover = *app.status.handover;
  const auto startup = app.spec.health.value_or(api::v1alpha1::Health()).startup;
  const bool is_late = is_away(app) && handover.stopped_at &&
                       now - *handover.stopped_at > kHandoverPatience + startup;
  if (!is_late) return nullptr;
  const auto set = set_of(app, handover.to);
  const auto found = std::ranges::find_if(
      set, [](const auto* each) { return !each->ready && !each->unknown_since; });
  return found == set.end() ? nullptr : *found;
}

bool have_taken(const App& app, const std::vector<Machine>& machines) {
  if (!app.status.handover) return false;
  return std::ranges::all_of(machines, [&app](const Machine& machine) {
    if (slot_of(machine.metadata.name) != app.status.handover->to) return true;
    const auto& part = machine.spec.handover;
    const auto* ready = api::meta::find_condition(machine.status.conditions, "Ready");
    return part && part->role == HandoverRole::takes && ready != nullptr &&
           ready->status == api::meta::ConditionStatus::yes &&
           ready->observed_generation == machine.metadata.generation;
  });
}

std::vector<News> end_return(App& app, bool taken) {
  const auto serving = set_of(app, active_slot(app));
  const bool answers = std::ranges::all_of(
      serving, [](const auto* each) { return each->ready && !each->unknown_since; });
  const bool is_over = !serving.empty() && taken && (answers || app.spec.suspend);
  if (!is_over) return {};
  app.status.handover.reset();
  return {{"HandedBack", "the volumes are back in " + names_of(serving), false}};
}

void note_turn(const App& before, App& app, const std::vector<api::v1alpha1::Appliance>& appliances,
               Time now) {
  auto& handover = app.status.handover;
  const auto& stored = before.status.handover;
  const bool is_open = is_away(app) && !handover->stopped_at && stored &&
                       stored->to == handover->to && stored->revision == handover->revision;
  if (!is_open || !why_not_turned(before, appliances).empty()) return;
  handover->stopped_at = std::chrono::floor<std::chrono::seconds>(now);
}

}  // namespace gantry::controllers::app
