#include "controllers/app/plan.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/schema/codec.h"

namespace gantry::controllers::app {
namespace {

using api::meta::Condition;
using api::meta::ConditionStatus;
using api::v1alpha1::App;
using api::v1alpha1::Machine;
using api::v1alpha1::PowerState;

bool belongs_to(const App& app, const Machine& machine) {
  return std::ranges::any_of(machine.metadata.owner_references, [&app](const auto& owner) {
    return owner.uid == app.metadata.uid && owner.controller.value_or(false);
  });
}

int wanted_replicas(const App& app) {
  return app.metadata.deleting() ? 0 : app.spec.replicas;
}

std::set<std::string> wanted_names(const App& app) {
  std::set<std::string> names;
  for (int ordinal = 0; ordinal < wanted_replicas(app); ++ordinal)
    names.insert(machine_name(app, ordinal));
  return names;
}

Json networks_of(const Machine& machine) {
  const auto spec = schema::encode(machine.spec);
  const auto* networks = spec.find("networks");
  return networks == nullptr ? Json() : *networks;
}

// Only what the App decides is compared; a person's pins on the Machine stay.
bool is_as_wanted(const Machine& have, const Machine& want) {
  return have.spec.machine_class_name == want.spec.machine_class_name &&
         have.spec.power_state == want.spec.power_state && networks_of(have) == networks_of(want);
}

Condition condition(const App& app, std::string type, bool yes, std::string reason,
                    std::string message) {
  Condition made;
  made.type = std::move(type);
  made.status = yes ? ConditionStatus::yes : ConditionStatus::no;
  made.observed_generation = app.metadata.generation;
  made.reason = std::move(reason);
  made.message = std::move(message);
  return made;
}

// What a person should know first about the machines that are not ready.
std::string first_worry(const App& app) {
  for (const auto& machine : app.status.machines)
    if (!machine.ready && !machine.message.empty()) return machine.name + ": " + machine.message;
  return "";
}

}  // namespace

std::vector<Machine> owned_machines(const App& app, const std::vector<Machine>& machines) {
  std::vector<Machine> owned;
  std::ranges::copy_if(machines, std::back_inserter(owned),
                       [&app](const Machine& machine) { return belongs_to(app, machine); });
  return owned;
}

std::string machine_name(const App& app, int ordinal) {
  return app.metadata.name + "-" + std::to_string(ordinal);
}

Machine wanted_machine(const App& app, int ordinal) {
  Machine machine;
  machine.metadata.name = machine_name(app, ordinal);
  machine.metadata.ns = app.metadata.ns;
  machine.metadata.labels = app.metadata.labels;
  machine.metadata.labels[kAppLabel] = app.metadata.name;
  api::meta::OwnerReference owner;
  owner.api_version = app.api_version;
  owner.kind = app.kind;
  owner.name = app.metadata.name;
  owner.uid = app.metadata.uid;
  owner.controller = true;
  owner.block_owner_deletion = true;
  machine.metadata.owner_references.push_back(owner);
  machine.spec.machine_class_name = app.spec.machine_class_name;
  machine.spec.networks = app.spec.networks;
  machine.spec.power_state = app.spec.suspend ? PowerState::stopped : PowerState::running;
  return machine;
}

std::optional<Step> plan(const App& app, const std::vector<Machine>& machines,
                         std::string& blocked) {
  const auto& finalizers = app.metadata.finalizers;
  const bool held = std::ranges::find(finalizers, kFinalizer) != finalizers.end();
  if (!held && !app.metadata.deleting()) return AddFinalizer{};
  const auto owned = owned_machines(app, machines);
  const auto names = wanted_names(app);
  // Highest ordinal first: what was added last goes first.
  for (auto it = owned.rbegin(); it != owned.rend(); ++it)
    if (!names.contains(it->metadata.name) && !it->metadata.deleting())
      return DeleteMachine{it->metadata.name};
  if (app.metadata.deleting()) {
    if (owned.empty() && held) return RemoveFinalizer{};
    return std::nullopt;
  }
  for (int ordinal = 0; ordinal < app.spec.replicas; ++ordinal) {
    const auto want = wanted_machine(app, ordinal);
    const auto have = std::ranges::find(
        machines, want.metadata.name, [](const Machine& machine) { return machine.metadata.name; });
    if (have == machines.end()) return CreateMachine{want};
    if (!belongs_to(app, *have)) {
      blocked = "Machine " + want.metadata.name + " exists and belongs to somebody else";
      continue;
    }
    if (have->metadata.deleting() || is_as_wanted(*have, want)) continue;
    Machine changed = *have;
    changed.spec.machine_class_name = want.spec.machine_class_name;
    changed.spec.power_state = want.spec.power_state;
    changed.spec.networks = want.spec.networks;
    return UpdateMachine{std::move(changed)};
  }
  return std::nullopt;
}

void judge(App& app, const std::string& blocked, const Status& problem, Time now) {
  auto& status = app.status;
  status.replicas = static_cast<int>(status.machines.size());
  status.ready_replicas = static_cast<int>(
      std::ranges::count_if(status.machines, [](const auto& machine) { return machine.ready; }));
  status.observed_generation = app.metadata.generation;
  status.selector = std::string(kAppLabel) + "=" + app.metadata.name;
  const int wanted = app.spec.suspend ? 0 : wanted_replicas(app);
  const bool exact = status.replicas == wanted_replicas(app);
  const bool complete = status.ready_replicas >= wanted && exact && blocked.empty();
  const bool stalled = !blocked.empty() || (!problem.ok() && is_terminal(problem));
  const auto counted =
      absl::StrFormat("%d of %d replicas are ready", status.ready_replicas, wanted);
  std::string worry = blocked.empty() ? message_of(problem) : blocked;
  if (worry.empty()) worry = first_worry(app);
  const auto message = complete || worry.empty() ? counted : counted + "; " + worry;
  const std::string reason = app.metadata.deleting() ? "Deleting"
                             : app.spec.suspend      ? "Suspended"
                             : complete              ? "AllReplicasReady"
                             : stalled               ? "Stalled"
                                                     : "Progressing";
  const bool ready = complete && !app.spec.suspend && !app.metadata.deleting() && problem.ok();
  auto ready_condition = condition(app, "Ready", ready, reason, message);
  if (const auto code = catalogue_code(problem)) ready_condition.code = *code;
  set_condition(status.conditions, ready_condition, now);
  set_condition(
      status.conditions,
      condition(app, "Available", status.ready_replicas > 0,
                status.ready_replicas > 0 ? "SomeReplicasReady" : "NoReplicaReady", counted),
      now);
  set_condition(status.conditions,
                condition(app, "Reconciling", !complete && !stalled, reason, message), now);
  set_condition(status.conditions,
                condition(app, "Stalled", stalled, stalled ? "NeedsAttention" : "NotStalled",
                          stalled ? worry : ""),
                now);
}

}  // namespace gantry::controllers::app
