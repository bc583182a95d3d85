#include "controllers/machine/snapshots.h"

#include <algorithm>
#include <set>

#include "api/meta/condition.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/plan.h"
#include "controllers/machine/volumes.h"
#include "pkg/base/text.h"
#include "pkg/pve/writer.h"

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::Machine;
using api::v1alpha1::MachineStatus;
using api::v1alpha1::RestoreState;
using api::v1alpha1::SnapshotState;
using api::v1alpha1::SnapshotStatus;

const pve::Snapshot* find(const std::vector<pve::Snapshot>& there, const std::string& name) {
  const auto found = std::ranges::find(there, name, &pve::Snapshot::name);
  return found == there.end() ? nullptr : &*found;
}

// What the last restore has kept aside stays until there is another.
bool is_wanted(const Machine& machine, const std::string& name) {
  const auto& restore = machine.status.restore;
  if (restore.has_value() && restore->safety == name) return true;
  if (machine.spec.restore.has_value() && safety_name(machine.spec.restore->id) == name)
    return true;
  const auto& wanted = machine.spec.snapshots;
  return std::ranges::find(wanted, name, &api::v1alpha1::Snapshot::name) != wanted.end();
}

SnapshotStatus& status_of(MachineStatus& status, const std::string& name) {
  const auto known = std::ranges::find(status.snapshots, name, &SnapshotStatus::name);
  if (known != status.snapshots.end()) return *known;
  auto& made = status.snapshots.emplace_back();
  made.name = name;
  return made;
}

// "storage local cannot"
std::string incapable(const pve::GuestConfig& config) {
  std::set<std::string> storages;
  const auto add = [&storages](const std::string& volume) {
    storages.insert(volume.substr(0, volume.find(':')));
  };
  if (const auto root = config.find("rootfs")) add(*root);
  for (const auto& volume : volumes_of(config)) add(volume.volid);
  const std::vector<std::string> names(storages.begin(), storages.end());
  if (names.size() == 1) return "storage " + names.front() + " cannot";
  return "one of the storages " + join(names, ", ") + " cannot";
}

void show_one(const Machine& machine, const Observation& world, SnapshotStatus& shown) {
  const auto* there = find(*world.snapshots, shown.name);
  const bool is_ours =
      there != nullptr && pve::is_own_snapshot(*there, world.installation, machine.metadata.uid);
  if (shown.state == SnapshotState::taken && there == nullptr) {
    shown.state = SnapshotState::gone;
    shown.message = "it is there no more: somebody has removed it";
  }
  if (shown.state != SnapshotState::pending) return;
  if (there != nullptr && !is_ours) {
    shown.state = SnapshotState::impossible;
    shown.message = "a snapshot of that name is there already, and not ours";
  } else if (there != nullptr && there->state.empty()) {
    shown.state = SnapshotState::taken;
    shown.created_at = there->created;
    shown.message.clear();
  } else if (there == nullptr && world.can_snapshot == false) {
    shown.state = SnapshotState::impossible;
    shown.message = incapable(world.guest.config);
  } else if (const auto* step = find_step(machine.status, steps::kSnapshot);
             step != nullptr && step->state == StepState::failed) {
    shown.message = step->message;
  }
}

}  // namespace

bool is_restoring(const Machine& machine) {
  const auto& wanted = machine.spec.restore;
  const auto& known = machine.status.restore;
  if (!wanted.has_value()) return false;
  const bool is_over =
      known.has_value() && known->id == wanted->id &&
      (known->state == RestoreState::done || known->state == RestoreState::refused);
  return !is_over;
}

std::string safety_name(const std::string& id) {
  return "gantry-safety-" + id;
}

bool has_own_snapshot(const Machine& machine, const std::string& installation,
                      const std::vector<pve::Snapshot>& there, const std::string& name) {
  const auto* found = find(there, name);
  return found != nullptr && found->state.empty() &&
         pve::is_own_snapshot(*found, installation, machine.metadata.uid);
}

bool has_snapshots(const Machine& machine) {
  return !machine.spec.snapshots.empty() || !machine.status.snapshots.empty() ||
         is_restoring(machine);
}

bool misses_snapshot(const Machine& machine, const std::vector<pve::Snapshot>& there) {
  return std::ranges::any_of(machine.spec.snapshots, [&](const auto& wanted) {
    return state_of(machine.status, wanted.name) == SnapshotState::pending &&
           find(there, wanted.name) == nullptr;
  });
}

const pve::Snapshot* surplus_snapshot(const Machine& machine, const std::string& installation,
                                      const std::vector<pve::Snapshot>& there) {
  const auto found = std::ranges::find_if(there, [&](const pve::Snapshot& snapshot) {
    return pve::is_own_snapshot(snapshot, installation, machine.metadata.uid) &&
           (!is_wanted(machine, snapshot.name) || !snapshot.state.empty());
  });
  return found == there.end() ? nullptr : &*found;
}

SnapshotState state_of(const MachineStatus& status, const std::string& name) {
  const auto known = std::ranges::find(status.snapshots, name, &SnapshotStatus::name);
  return known == status.snapshots.end() ? SnapshotState::pending : known->state;
}

void note_snapshot(MachineStatus& status, const std::string& name, const std::string& message) {
  status_of(status, name).message = message;
}

void show_snapshots(Machine& machine, const Observation& world) {
  auto& all = machine.status.snapshots;
  for (const auto& wanted : machine.spec.snapshots) status_of(machine.status, wanted.name);
  // One that is to go is told of until it has gone.
  std::erase_if(all, [&](const SnapshotStatus& known) {
    if (is_wanted(machine, known.name)) return false;
    return known.state != SnapshotState::taken ||
           (world.snapshots.has_value() && find(*world.snapshots, known.name) == nullptr);
  });
  if (!world.snapshots.has_value() || world.guest.occupant != Occupant::ours) return;
  for (auto& known : all) {
    if (is_wanted(machine, known.name)) show_one(machine, world, known);
  }
  // The answer to a call was lost, and what it asked for is so.
  const bool is_done = !misses_snapshot(machine, *world.snapshots) &&
                       surplus_snapshot(machine, world.installation, *world.snapshots) == nullptr;
  const bool is_open =
      is_step(machine.status, steps::kSnapshot, StepState::running) && machine.status.upid.empty();
  if (is_done && is_open) finish_step(machine.status, steps::kSnapshot, world.now, "");
}

std::vector<runtime::Happening> snapshot_happenings(const MachineStatus& before,
                                                    const MachineStatus& after) {
  using runtime::EventType;
  std::vector<runtime::Happening> all;
  for (const auto& now : after.snapshots) {
    if (state_of(before, now.name) == now.state) continue;
    if (now.state == SnapshotState::taken)
      all.push_back({EventType::normal, "SnapshotTaken", "snapshot " + now.name, ""});
    if (now.state == SnapshotState::impossible)
      all.push_back(
          {EventType::normal, "NoSnapshot", "no snapshot " + now.name + ": " + now.message, ""});
    if (now.state == SnapshotState::gone)
      all.push_back({EventType::warning, "SnapshotGone", now.name + ": " + now.message, ""});
  }
  return all;
}

void show_refusal(Machine& machine, Time now) {
  const auto& wanted = machine.spec.restore;
  const auto& restore = machine.status.restore;
  const bool is_refused = wanted.has_value() && restore.has_value() && restore->id == wanted->id &&
                          restore->state == RestoreState::refused;
  auto& conditions = machine.status.conditions;
  if (!is_refused || api::meta::is_true(conditions, "Held")) return;
  api::meta::Condition held;
  held.type = "Held";
  held.status = api::meta::ConditionStatus::yes;
  held.observed_generation = machine.metadata.generation;
  held.reason = "RestoreRefused";
  held.message = restore->message;
  api::meta::set_condition(conditions, std::move(held), now);
}

}  // namespace gantry::controllers::machine
