#include "controllers/app/plan.h"

#include <algorithm>

#include "controllers/app/handover.h"
#include "controllers/app/snapshots.h"
#include "pkg/base/text.h"
#include "pkg/diagnose/diagnose.h"
#include "pkg/schema/equal.h"
#include "pkg/store/finalizer.h"

namespace gantry::controllers::app {
namespace {

using api::meta::Condition;
using api::meta::ConditionStatus;
using api::v1alpha1::App;
using api::v1alpha1::DeletionPolicy;
using api::v1alpha1::Machine;
using api::v1alpha1::PowerState;
using api::v1alpha1::Slot;

bool belongs_to(const App& app, const Machine& machine) {
  return std::ranges::any_of(machine.metadata.owner_references, [&app](const auto& owner) {
    return owner.uid == app.metadata.uid && owner.controller.value_or(false);
  });
}

// As long as volumes are on their way nobody goes.
int wanted_replicas(const App& app) {
  if (app.metadata.deleting()) return 0;
  int count = app.spec.replicas;
  if (app.status.handover) count = std::max(count, replicas_of(app));
  return count;
}

// The set that serves first.
std::vector<Machine> wanted_machines(const App& app) {
  std::vector<Machine> wanted;
  std::vector<Slot> slots = {active_slot(app)};
  if (wants_standby(app)) slots.push_back(other(active_slot(app)));
  for (const auto slot : slots)
    for (int ordinal = 0; ordinal < wanted_replicas(app); ++ordinal)
      wanted.push_back(wanted_machine(app, ordinal, slot));
  return wanted;
}

bool is_serving(const App& app, const Machine& machine) {
  return slot_of(machine.metadata.name) == active_slot(app);
}

// Only what the App decides; a person's pins on the Machine stay.
Machine with_decisions(const App& app, Machine machine, const Machine& want) {
  machine.spec.power_state = want.spec.power_state;
  // It was kept where its volumes were to come from.
  if (machine.spec.handover && !want.spec.handover && app.status.switched_at)
    machine.spec.node.reset();
  machine.spec.handover = want.spec.handover;
  if (want.spec.node) machine.spec.node = want.spec.node;
  if (leaves_alone(app) && is_serving(app, machine)) return machine;
  machine.spec.machine_class_name = want.spec.machine_class_name;
  machine.spec.networks = want.spec.networks;
  machine.spec.volumes = want.spec.volumes;
  if (!want.spec.volumes.empty()) machine.spec.deletion_policy = want.spec.deletion_policy;
  // Once asked for it stays so, until nobody asks any more.
  const auto& restore = machine.spec.restore;
  const bool is_new = want.spec.restore && (!restore || restore->id != want.spec.restore->id);
  if (is_new || !app.spec.restore) machine.spec.restore = want.spec.restore;
  drop_snapshots(machine);
  for (const auto& snapshot : want.spec.snapshots) add_snapshot(machine.spec, snapshot.name);
  return machine;
}

bool retains_volumes(const App& app) {
  return !app.spec.volumes.empty() &&
         app.spec.deletion.volumes == api::v1alpha1::VolumesOnDeletion::retain;
}

bool same_spec(const Machine& a, const Machine& b) {
  return schema::is_equal(a.spec, b.spec);
}

// It has a container that may hold data.
bool may_hold_data(const Machine& machine) {
  return machine.status.vmid.has_value() && machine.status.power != "absent";
}

// Volumes are on their way.
bool moves(const App& app) {
  return app.status.handover && app.status.handover->stopped_at;
}

// It has no volumes, or gives up those that it has before it goes: its controller sees to that.
bool gives_or_waits(const Machine& machine) {
  return machine.spec.handover && machine.spec.handover->role != api::v1alpha1::HandoverRole::takes;
}

// A Machine that goes. Its data stays with the container, which is stopped first: nothing writes
// to it any more, and what a person finds is whole.
Step removal_of(const App& app, const Machine& machine) {
  const bool serves = is_serving(app, machine);
  if (!serves && machine.spec.volumes.empty()) return DeleteMachine{machine.metadata.name};
  if (gives_or_waits(machine) && !(moves(app) && app.metadata.deleting())) {
    Machine next = machine;
    next.spec.deletion_policy = DeletionPolicy::remove;
    if (!same_spec(next, machine)) return UpdateMachine{std::move(next)};
    return DeleteMachine{machine.metadata.name};
  }
  // The set that does not serve never has data. Where it has, the status is older than it: it
  // stays.
  const bool retains = retains_volumes(app) || (!serves && !moves(app));
  Machine next = machine;
  // Where the volumes are by now is where they stay.
  next.spec.handover.reset();
  if (!app.spec.volumes.empty() || !serves)
    next.spec.deletion_policy = retains ? DeletionPolicy::retain : DeletionPolicy::remove;
  const bool keeps_data = retains && may_hold_data(machine);
  if (keeps_data) next.spec.power_state = PowerState::stopped;
  if (!same_spec(next, machine)) return UpdateMachine{std::move(next)};
  if (!keeps_data || machine.status.power == "stopped") return DeleteMachine{machine.metadata.name};
  return Await{machine.metadata.name + " is stopped, and left with its volumes"};
}

ConditionStatus status_of(bool yes) {
  return yes ? ConditionStatus::yes : ConditionStatus::no;
}

Condition condition(const App& app, std::string type, ConditionStatus status, std::string reason,
                    std::string message) {
  Condition made;
  made.type = std::move(type);
  made.status = status;
  made.observed_generation = app.metadata.generation;
  made.reason = std::move(reason);
  made.message = std::move(message);
  return made;
}

// What a person should know first: the first of the machines that are not ready, or not seen.
const api::v1alpha1::AppMachine* first_worrying(const App& app) {
  const auto found = std::ranges::find_if(app.status.machines, [&app](const auto& machine) {
    if (retires(app, machine)) return false;
    const bool well = machine.ready && machine.revision == app.status.revision;
    return (!well || machine.unknown_since.has_value()) && !machine.message.empty();
  });
  return found == app.status.machines.end() ? nullptr : &*found;
}
std::string first_worry(const App& app) {
  const auto* machine = first_worrying(app);
  return machine == nullptr ? "" : machine->name + ": " + machine->message;
}
// … and what the failure catalogue calls it; nullptr when it does not.
const diagnose::Failure* first_failure(const App& app) {
  const auto* machine = first_worrying(app);
  return machine == nullptr ? nullptr : diagnose::find(machine->code);
}
// "revision 3 was rolled back: wiki-0: images: …; change the App to try again".
std::string why_rolled_back(const App& app) {
  for (const auto& each : app.status.revisions) {
    if (each.revision != app.status.failed_revision) continue;
    return absl::StrFormat("revision %d was rolled back: %s; change the App to try again",
                           each.number, each.message);
  }
  return "rolled back; change the App to try again";
}
// The first of those that have served before; nullptr when all are gone.
const api::v1alpha1::AppMachine* first_retiring(const App& app) {
  if (!app.status.switched_at) return nullptr;
  const auto& machines = app.status.machines;
  const auto found =
      std::ranges::find_if(machines, [&app](const auto& each) { return retires(app, each); });
  return found == machines.end() ? nullptr : &*found;
}
bool needs_person(const diagnose::Failure* failure) {
  return failure != nullptr &&
         (failure->tier == diagnose::Tier::human || failure->tier == diagnose::Tier::prevented);
}

}  // namespace

std::vector<Machine> owned_machines(const App& app, const std::vector<Machine>& machines) {
  std::vector<Machine> owned;
  std::ranges::copy_if(machines, std::back_inserter(owned),
                       [&app](const Machine& machine) { return belongs_to(app, machine); });
  return owned;
}

Machine wanted_machine(const App& app, int ordinal, Slot slot) {
  Machine machine;
  machine.metadata.name = machine_name(app, ordinal, slot);
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
  machine.spec.volumes = app.spec.volumes;
  // From the beginning: whoever deletes it, be it a person or the garbage collector.
  if (retains_volumes(app)) machine.spec.deletion_policy = DeletionPolicy::retain;
  machine.spec.power_state = app.spec.suspend ? PowerState::stopped : PowerState::running;
  const auto shown = std::ranges::find(app.status.machines, machine.metadata.name,
                                       &api::v1alpha1::AppMachine::name);
  if (shown != app.status.machines.end() && !shown->snapshot.empty())
    add_snapshot(machine.spec, shown->snapshot);
  machine.spec.restore = restore_of(app, machine.metadata.name);
  arrange(app, ordinal, machine);
  return machine;
}

std::optional<Step> plan(const App& app, const std::vector<Machine>& machines, std::string& blocked,
                         bool may_retire) {
  const bool held = store::has_finalizer(app, kFinalizer);
  if (!held && !app.metadata.deleting()) return AddFinalizer{};
  // Somebody wants the App to go and its Machines to stay: the garbage collector releases them.
  const bool leaves_behind =
      app.metadata.deleting() && store::has_finalizer(app, store::kOrphanFinalizer);
  if (leaves_behind) return held ? std::optional<Step>(RemoveFinalizer{}) : std::nullopt;
  const auto owned = owned_machines(app, machines);
  const auto wanted = wanted_machines(app);
  const auto name = [](const Machine& machine) { return machine.metadata.name; };
  // Highest ordinal first: what was added last goes first.
  for (auto it = owned.rbegin(); it != owned.rend(); ++it) {
    const bool is_wanted = std::ranges::find(wanted, it->metadata.name, name) != wanted.end();
    const bool waits = app.status.handover || (!may_retire && !is_serving(app, *it));
    const bool is_kept = waits && !app.metadata.deleting();
    if (!is_wanted && !is_kept && !it->metadata.deleting()) return removal_of(app, *it);
  }
  if (app.metadata.deleting()) {
    if (owned.empty() && held) return RemoveFinalizer{};
    return std::nullopt;
  }
  for (const auto& want : wanted) {
    const auto have = std::ranges::find(machines, want.metadata.name, name);
    if (have == machines.end()) return CreateMachine{want};
    if (!belongs_to(app, *have)) {
      blocked = "Machine " + want.metadata.name + " exists and belongs to somebody else";
      continue;
    }
    if (have->metadata.deleting()) continue;
    auto changed = with_decisions(app, *have, want);
    if (!same_spec(changed, *have)) return UpdateMachine{std::move(changed)};
  }
  return std::nullopt;
}

namespace {

// How many of the replicas work. Those that cannot be seen count as they were seen last.
struct Count {
  int wanted = 0;
  int ready = 0;    // known to be, or when last seen
  int updated = 0;  // of these, with the workload that the spec asks for
  int unsure = 0;   // of these, only when last seen
  int there = 0;
  bool exact = false;

  bool all_were_ready() const { return updated >= wanted && exact; }
  std::string text() const {
    auto text = absl::StrFormat("%d of %d replicas are ready", ready, wanted);
    if (updated < ready) text += absl::StrFormat(", %d of them updated", updated);
    if (unsure == 0) return text;
    if (unsure == ready)
      return absl::StrFormat("%d of %d replicas were ready when last seen", ready, wanted);
    return text + absl::StrFormat(", %d of them when last seen", unsure);
  }
};

Count count_of(const App& app) {
  Count count;
  const auto& machines = app.status.machines;
  count.wanted = app.spec.suspend ? 0 : wanted_replicas(app);
  for (const auto& machine : machines) {
    if (!is_led_to(app, machine)) continue;
    ++count.there;
    count.ready += machine.ready ? 1 : 0;
    count.updated += machine.ready && machine.revision == app.status.revision ? 1 : 0;
    count.unsure += machine.ready && machine.unknown_since.has_value() ? 1 : 0;
  }
  count.exact = count.there == wanted_replicas(app);
  return count;
}

Condition availability(const App& app, const Count& count) {
  if (count.ready > count.unsure) {
    return condition(app, "Available", ConditionStatus::yes, "SomeReplicasReady", count.text());
  }
  if (count.unsure > 0) {
    const auto worry = first_worry(app);
    return condition(app, "Available", ConditionStatus::unknown, "Unknown",
                     worry.empty() ? count.text() : count.text() + "; " + worry);
  }
  return condition(app, "Available", ConditionStatus::no, "NoReplicaReady", count.text());
}

// What is true of an App, before it is put into words.
struct Findings {
  Count count;
  bool deleting = false;
  bool complete = false;  // everything is there, is ready and was seen
  bool rolled_back = false;
  bool blocked = false;  // by something that time does not mend
  bool stalled = false;
  bool unsure = false;                         // all was ready when last seen
  const diagnose::Failure* failure = nullptr;  // what keeps it from being complete
  std::string worry;                           // … in words
};

Findings find_out(const App& app, const std::string& blocked, const Status& problem) {
  Findings found;
  found.count = count_of(app);
  found.deleting = app.metadata.deleting();
  found.complete = found.count.all_were_ready() && found.count.unsure == 0 && blocked.empty();
  found.rolled_back = !app.status.failed_revision.empty() && !found.deleting;
  found.blocked = !blocked.empty() || (!problem.ok() && is_terminal(problem));
  if (!found.complete) {
    found.failure = found.rolled_back ? diagnose::find("ROL-001") : first_failure(app);
    if (found.failure == nullptr)
      found.failure = diagnose::find(catalogue_code(problem).value_or(""));
  }
  const bool waits_for_person = needs_person(found.failure) || found.rolled_back;
  found.stalled = found.blocked || (!found.deleting && waits_for_person);
  const bool was_ready = found.count.all_were_ready() && found.count.unsure > 0;
  found.unsure = was_ready && !found.stalled && !found.deleting;
  found.worry = blocked.empty() ? message_of(problem) : blocked;
  if (found.worry.empty() && found.rolled_back) found.worry = why_rolled_back(app);
  if (found.worry.empty()) found.worry = first_worry(app);
  return found;
}

std::string reason_of(const App& app, const Findings& found) {
  if (found.deleting) return "Deleting";
  if (app.spec.suspend) return "Suspended";
  if (found.complete) return "AllReplicasReady";
  if (found.blocked) return "Stalled";
  if (found.rolled_back) return "RolledBack";
  if (found.unsure) return "Unknown";
  if (found.failure != nullptr && !found.failure->reason.empty()) return found.failure->reason;
  return "Progressing";
}

std::string text_of(const App& app, const Findings& found) {
  auto text = found.deleting
                  ? absl::StrFormat("Machines that are still there: %d", app.status.machines.size())
                  : found.count.text();
  if (!found.complete && !found.worry.empty()) text += "; " + found.worry;
  return text;
}

}  // namespace

void judge(App& app, const std::string& blocked, const Status& problem, Time now) {
  auto& status = app.status;
  status.observed_generation = app.metadata.generation;
  status.selector = std::string(kAppLabel) + "=" + app.metadata.name;
  const auto found = find_out(app, blocked, problem);
  status.replicas = found.count.there;
  status.ready_replicas = found.count.ready;
  const auto reason = reason_of(app, found);
  const auto message = text_of(app, found);

  const bool is_ready = found.complete && !app.spec.suspend && !found.deleting && problem.ok();
  const auto ready_status = found.unsure ? ConditionStatus::unknown : status_of(is_ready);
  auto ready = condition(app, "Ready", ready_status, reason, message);
  if (found.failure != nullptr) ready.code = found.failure->code;
  if (const auto code = catalogue_code(problem)) ready.code = *code;
  set_condition(status.conditions, ready, now);
  set_condition(status.conditions, availability(app, found.count), now);
  const bool reconciles = !found.complete && !found.stalled && !found.unsure;
  const auto* retiring = is_ready ? first_retiring(app) : nullptr;
  set_condition(status.conditions,
                retiring != nullptr
                    ? condition(app, "Reconciling", ConditionStatus::yes, "Retiring",
                                retiring->name + ": " + retiring->message)
                    : condition(app, "Reconciling", status_of(reconciles), reason, message),
                now);
  set_condition(
      status.conditions,
      condition(app, "Stalled", status_of(found.stalled),
                found.stalled ? "NeedsAttention" : "NotStalled", found.stalled ? found.worry : ""),
      now);
}

}  // namespace gantry::controllers::app
