#include "controllers/app/snapshots.h"

#include <algorithm>

#include "controllers/app/revisions.h"
#include "pkg/base/text.h"

namespace gantry::controllers::app {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::AppMachine;
using api::v1alpha1::AppRevision;
using api::v1alpha1::Machine;
using api::v1alpha1::RevisionSnapshot;
using api::v1alpha1::SnapshotState;
using api::v1alpha1::SnapshotStatus;

// The snapshot that spec.restore means for that Machine; nullptr: it has none.
const RevisionSnapshot* asked_for(const App& app, const std::string& machine) {
  if (!app.spec.restore) return nullptr;
  for (const auto& revision : app.status.revisions) {
    if (revision.number != app.spec.restore->revision) continue;
    const auto found = std::ranges::find(revision.snapshots, machine, &RevisionSnapshot::machine);
    const bool has_one = found != revision.snapshots.end() && !found->name.empty();
    return has_one ? &*found : nullptr;
  }
  return nullptr;
}

// Nothing has ever written into it, nobody wants it kept, or a restore keeps it.
bool has_nothing_to_keep(const App& app, const AppMachine& machine) {
  const auto update = app.spec.update.value_or(api::v1alpha1::Update());
  return app.spec.volumes.empty() || update.snapshot == api::v1alpha1::UpdateSnapshot::never ||
         !machine.vmid.has_value() || machine.revision.empty() || machine.target.empty() ||
         (asked_for(app, machine.name) != nullptr && machine.restored != app.spec.restore->id);
}

// The revision whose data it is.
AppRevision* revision_left_by(App& app, const AppMachine& machine) {
  auto& all = app.status.revisions;
  const auto found = std::ranges::find(all, machine.target, &AppRevision::revision);
  if (found != all.end()) return &*found;
  return all.empty() ? nullptr : &all.back();
}

RevisionSnapshot* record_of(AppRevision& revision, const std::string& machine) {
  const auto found = std::ranges::find(revision.snapshots, machine, &RevisionSnapshot::machine);
  return found == revision.snapshots.end() ? nullptr : &*found;
}

void keep_record(AppRevision& revision, RevisionSnapshot record) {
  if (auto* old = record_of(revision, record.machine)) {
    *old = std::move(record);
  } else {
    revision.snapshots.push_back(std::move(record));
  }
}

const SnapshotStatus* find_status(const Machine& machine, const std::string& name) {
  const auto& all = machine.status.snapshots;
  const auto found = std::ranges::find(all, name, &SnapshotStatus::name);
  return found == all.end() ? nullptr : &*found;
}

// One that went out of the Machine's list, or was removed by somebody, is there no more.
void see_gone(App& app, const Machine& machine) {
  for (auto& revision : app.status.revisions) {
    auto* record = record_of(revision, machine.metadata.name);
    if (record == nullptr || record->name.empty()) continue;
    const auto* seen = find_status(machine, record->name);
    if (seen != nullptr && seen->state == SnapshotState::taken) {
      record->message.clear();
    } else {
      record->message = seen == nullptr ? "kept no more" : seen->message;
    }
  }
}

void see_machines_gone(App& app) {
  for (auto& revision : app.status.revisions) {
    for (auto& record : revision.snapshots) {
      const bool is_there = std::ranges::find(app.status.machines, record.machine,
                                              &AppMachine::name) != app.status.machines.end();
      if (!is_there) record.message = "its Machine is gone";
    }
  }
}

void see_restored(const Machine& machine, AppMachine& shown) {
  using api::v1alpha1::RestoreState;
  const auto& restore = machine.status.restore;
  const bool is_over =
      restore && (restore->state == RestoreState::done || restore->state == RestoreState::refused);
  if (is_over) shown.restored = restore->id;
}

// Into the record of its revision, once it is known what becomes of it.
void see_answer(App& app, AppMachine& machine, const SnapshotStatus* seen) {
  auto* revision = revision_left_by(app, machine);
  const bool is_open = seen == nullptr || seen->state == SnapshotState::pending;
  if (is_open || revision == nullptr) return;
  RevisionSnapshot record;
  record.machine = machine.name;
  record.created_at = seen->created_at;
  if (seen->state == SnapshotState::taken) record.name = seen->name;
  if (seen->state != SnapshotState::taken) record.message = seen->message;
  keep_record(*revision, std::move(record));
  machine.snapshot_asked_at.reset();
}

Status waits_for(const AppMachine& machine, const SnapshotStatus* seen, Time now) {
  auto text = machine.name + ": its data is kept aside first, as snapshot " + machine.snapshot;
  if (seen != nullptr && !seen->message.empty()) text += ": " + seen->message;
  if (now - *machine.snapshot_asked_at < kSnapshotPatience)
    return make_error(ErrorClass::conflict, text);
  return make_error(ErrorClass::invalid,
                    text +
                        ". It is tried again, and nothing is updated until then; to update "
                        "without one, set update.snapshot: Never");
}

}  // namespace

void add_snapshot(api::v1alpha1::MachineSpec& spec, const std::string& name) {
  auto& all = spec.snapshots;
  if (std::ranges::find(all, name, &api::v1alpha1::Snapshot::name) != all.end()) return;
  all.push_back({name});
  if (all.size() > kSnapshotsKept) all.erase(all.begin());
}

void drop_snapshots(Machine& machine) {
  std::erase_if(machine.spec.snapshots, [&machine](const api::v1alpha1::Snapshot& snapshot) {
    const auto* seen = find_status(machine, snapshot.name);
    return seen == nullptr || seen->state != SnapshotState::taken;
  });
}

std::optional<api::v1alpha1::Restore> restore_of(const App& app, const std::string& machine) {
  const auto* snapshot = asked_for(app, machine);
  const auto shown = std::ranges::find(app.status.machines, machine, &AppMachine::name);
  const bool may_be = snapshot != nullptr && shown != app.status.machines.end() &&
                      shown->target == app.status.revision &&
                      app.status.observed_generation == app.metadata.generation;
  if (!may_be) return std::nullopt;
  return api::v1alpha1::Restore{app.spec.restore->id, snapshot->name};
}

bool awaits_restore(const App& app, const AppMachine& machine) {
  return restore_of(app, machine.name).has_value() && machine.restored != app.spec.restore->id;
}

Status see_snapshots(App& app, const std::vector<Machine>& machines, Time now) {
  Status waited;
  see_machines_gone(app);
  for (const auto& machine : machines) {
    see_gone(app, machine);
    const auto shown =
        std::ranges::find(app.status.machines, machine.metadata.name, &AppMachine::name);
    if (shown == app.status.machines.end()) continue;
    see_restored(machine, *shown);
    if (!shown->snapshot_asked_at) continue;
    const auto* seen = find_status(machine, shown->snapshot);
    see_answer(app, *shown, seen);
    if (shown->snapshot_asked_at && waited.ok()) waited = waits_for(*shown, seen, now);
  }
  return waited;
}

bool keep_data(App& app, AppMachine& machine, Time now) {
  if (has_nothing_to_keep(app, machine)) return true;
  if (!machine.snapshot.empty()) return !machine.snapshot_asked_at.has_value();
  const auto* revision = revision_left_by(app, machine);
  machine.snapshot = absl::StrFormat("gantry-r%d-%d", revision == nullptr ? 0 : revision->number,
                                     to_unix_seconds(now));
  machine.snapshot_asked_at = std::chrono::floor<std::chrono::seconds>(now);
  return false;
}

void forget_request(AppMachine& machine) {
  machine.snapshot.clear();
  machine.snapshot_asked_at.reset();
}

}  // namespace gantry::controllers::app
