// Restore: a container's disks put back to a snapshot because somebody asked for it. It stands
// still from before what is there is kept aside until the rollback is proven, so that a call that
// is executed twice, or late, loses nothing; and an id that was granted is never granted again.
#include <algorithm>
#include <set>

#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "controllers/machine/snapshots.h"
#include "controllers/machine/volumes.h"
#include "pkg/base/text.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::RestoreState;
using api::v1alpha1::RestoreStatus;

const std::string& id_of(const Case& the) {
  return the.machine.spec.restore->id;
}
const std::string& snapshot_of(const Case& the) {
  return the.machine.spec.restore->snapshot;
}
std::string pct(const Case& the, const std::string& words) {
  return absl::StrFormat("pct %s %d", words, the.world.row->vmid.get());
}

Plan note(const Case& the, RestoreState state, std::string message) {
  RestoreStatus status = the.status().restore.value_or(RestoreStatus());
  if (status.id != id_of(the)) {
    // What was kept aside before stays until something else is.
    auto safety = std::move(status.safety);
    status = RestoreStatus();
    status.safety = std::move(safety);
  }
  status.id = id_of(the);
  status.snapshot = snapshot_of(the);
  status.state = state;
  const bool is_over = state == RestoreState::done || state == RestoreState::refused;
  if (is_over) status.finished_at = std::chrono::floor<std::chrono::seconds>(the.world.now);
  if (state == RestoreState::refused) status.message = message;
  return act(steps::kRestore, NoteRestore{std::move(status)}, "Restoring", std::move(message));
}

Plan refuse(const Case& the, const std::string& why) {
  return note(the, RestoreState::refused,
              "the disks are not put back to " + snapshot_of(the) + ": " + why);
}

std::set<StorageId> storages_of(const Case& the) {
  std::set<StorageId> all;
  const auto& config = the.world.guest.config;
  const auto add = [&all](const std::string& volume) {
    all.insert(StorageId(volume.substr(0, volume.find(':'))));
  };
  if (const auto root = config.find("rootfs")) add(*root);
  for (const auto& volume : volumes_of(config)) add(volume.volid);
  return all;
}

// Where one can go back to a snapshot while there are newer ones; ZFS cannot (pve-storage,
// ZFSPoolPlugin.pm: "is not most recent snapshot").
bool keeps_newer(const Case& the) {
  static const std::set<std::string> kTrees{"lvmthin", "rbd", "btrfs"};
  const auto wanted = storages_of(the);
  return std::ranges::all_of(wanted, [&](const StorageId& id) {
    return std::ranges::any_of(the.world.snapshot->storages, [&](const auto& row) {
      return row.id == id && kTrees.contains(row.type);
    });
  });
}

std::optional<StorageId> backup_storage(const Case& the) {
  for (const auto& row : the.world.snapshot->storages) {
    const bool fits = row.node == the.world.guest.node && row.active && row.enabled &&
                      row.content.contains("backup");
    if (fits) return row.id;
  }
  return std::nullopt;
}

// A mount point that vzdump leaves out (pve-container, PVE/VZDump/LXC.pm: those without backup=1);
// empty when it takes all.
std::string left_out_of_backups(const Case& the) {
  for (const auto& [key, value] : the.world.guest.config.values) {
    if (!starts_with(key, "mp") || !parse_integer(key.substr(2))) continue;
    const auto mount = pve::PropertyString::parse(value, "volume");
    if (!mount.ok() || !pve::same_value(mount->get("backup").value_or("0"), "1")) return key;
  }
  return "";
}

// What a person has to decide first; what runs goes on.
std::optional<Plan> refuse_unsafe(const Case& the) {
  if (keeps_newer(the)) return std::nullopt;
  const auto vmid = the.world.row->vmid.get();
  // The parent of what is there now: the newest.
  const auto newest = the.world.guest.config.find("parent").value_or("");
  if (newest != snapshot_of(the)) {
    return refuse(
        the, absl::StrFormat("its storage goes back to the newest snapshot only, which is '%s'; "
                             "remove newer ones and ask again, as root: pct delsnapshot %d NAME",
                             newest, vmid));
  }
  if (const auto mount = left_out_of_backups(the); !mount.empty()) {
    return refuse(
        the, absl::StrFormat("what is there now could not be kept aside: its storage goes back to "
                             "the newest snapshot only, and backups leave out %s. Give it backup=1 "
                             "and ask again; or without a copy, as root: pct shutdown %d && pct "
                             "rollback %d %s",
                             mount, vmid, vmid, snapshot_of(the)));
  }
  if (backup_storage(the).has_value()) return std::nullopt;
  return refuse(the, absl::StrFormat(
                         "what is there now could not be kept aside: its storage goes back to the "
                         "newest snapshot only, and %s has no storage for backups. Add one and "
                         "ask again; or without a copy, as root: pct shutdown %d && pct "
                         "rollback %d %s",
                         the.world.guest.node.get(), vmid, vmid, snapshot_of(the)));
}

// Our newest task of that type since the step was begun, whose answer may have been lost; not one
// of an earlier restore, which `before` has followed: Proxmox's own account is in order, its clock
// may differ from ours.
const pve::Task* task_of(const Case& the, const char* step, const char* type,
                         const std::set<std::string>& before) {
  const auto* record = find_step(the.status(), step);
  if (record == nullptr || !record->started_at.has_value()) return nullptr;
  for (const auto& task : the.world.tasks) {
    if (before.contains(task.type)) return nullptr;
    const bool is_it = task.type == type && same_user(task.user, the.world.user) &&
                       task.started > *record->started_at - kClockSkew;
    if (is_it) return &task;
  }
  return nullptr;
}

bool has_failed_enough(const Case& the, const char* step) {
  const auto* record = find_step(the.status(), step);
  return record != nullptr && record->state == StepState::failed &&
         record->attempts >= kAttemptsBeforeStalled;
}

bool is_open(const Case& the, const char* step) {
  const auto* record = find_step(the.status(), step);
  return record != nullptr && record->state == StepState::running &&
         the.world.now < settles_at(the, *record->started_at);
}

std::optional<Plan> plan_backup(const Case& the) {
  const auto* task = task_of(the, steps::kBackup, "vzdump", {"vzrollback"});
  const bool done = is_step(the.status(), steps::kBackup, StepState::done) ||
                    (task != nullptr && !task->running && task->succeeded());
  if (done) return std::nullopt;
  if (has_failed_enough(the, steps::kBackup))
    return refuse(the, "no backup: " + find_step(the.status(), steps::kBackup)->message);
  if (task == nullptr && is_open(the, steps::kBackup))
    return wait(steps::kBackup, "AnswerLost", "whether its backup was begun is not known",
                kLookAgain);
  if (auto later = in_backoff(the, steps::kBackup, "BackupFailed", "")) return later;
  const auto storage = *backup_storage(the);  // there is one, or it was refused
  return act(steps::kBackup, BackUp{storage}, "Restoring",
             "keeping what is there now aside, as a backup on " + storage.get());
}

// What is there now, kept aside.
std::optional<Plan> plan_safety(const Case& the) {
  if (!keeps_newer(the)) return plan_backup(the);
  const auto name = safety_name(id_of(the));
  const auto& there = *the.world.snapshots;
  if (has_own_snapshot(the.machine, the.world.installation, there, name)) return std::nullopt;
  if (has_failed_enough(the, steps::kSnapshot))
    return refuse(the, "no safety copy: " + find_step(the.status(), steps::kSnapshot)->message);
  if (auto later = in_backoff(the, steps::kSnapshot, "SnapshotFailed", "")) return later;
  const bool half_made = std::ranges::find(there, name, &pve::Snapshot::name) != there.end();
  if (half_made)
    return act(steps::kSnapshot, RemoveSnapshot{name}, "Restoring", "removing half of " + name);
  return act(steps::kSnapshot, TakeSnapshot{name}, "Restoring",
             "keeping what is there now aside, as snapshot " + name);
}

// The copy of what was there before is taken last, and only a rollback makes an older snapshot the
// parent again: whatever is written down, or was lost with a database, this id was granted.
bool is_proven(const Case& the) {
  return has_own_snapshot(the.machine, the.world.installation, *the.world.snapshots,
                          safety_name(id_of(the))) &&
         the.world.guest.config.find("parent") == snapshot_of(the);
}

Plan done(const Case& the) {
  return note(the, RestoreState::done, "its disks are as in " + snapshot_of(the));
}

Plan roll_back(const Case& the) {
  if (auto later = in_backoff(the, steps::kRestore, "RestoreFailed", "")) return *std::move(later);
  const auto& known = *the.status().restore;
  // Asked for again it is still the first copy that holds what was there.
  const auto safety = known.state == RestoreState::rolling_back ? known.safety
                      : keeps_newer(the)                        ? safety_name(id_of(the))
                                         : "backup on " + backup_storage(the)->get();
  return act(steps::kRestore, RollBack{snapshot_of(the), safety}, "Restoring",
             "putting its disks back to " + snapshot_of(the));
}

Plan plan_preparation(const Case& the) {
  const auto& there = *the.world.snapshots;
  if (!has_own_snapshot(the.machine, the.world.installation, there, snapshot_of(the)))
    return refuse(the, "there is no such snapshot of ours");
  if (is_proven(the)) return done(the);
  if (auto unsafe = refuse_unsafe(the)) return *std::move(unsafe);
  if (the.world.guest.status->running) return plan_power_off(the);
  if (auto open = open_call(the)) {
    open->step = steps::kRestore;
    return *std::move(open);
  }
  if (auto safety = plan_safety(the)) return *std::move(safety);
  return roll_back(the);
}

// It was asked for. Proven, failed, or not known: then it is asked for again, which is harmless as
// long as nothing has run since.
Plan plan_rollback(const Case& the) {
  const auto& config = the.world.guest.config;
  if (auto task = busy(the, steps::kRestore)) return *std::move(task);
  if (const auto lock = config.find("lock")) {
    auto plan = hold(steps::kRestore, "RestoreUnfinished",
                     guest_text(the.world) + " is locked (" + *lock +
                         "), and no task runs; as root: " + pct(the, "unlock") +
                         ". Then it is put back anew",
                     "CT-011");
    return plan;
  }
  const auto* task = task_of(the, steps::kRestore, "vzrollback", {"vzsnapshot", "vzdump"});
  const bool is_done = is_step(the.status(), steps::kRestore, StepState::done) ||
                       (task != nullptr && task->succeeded()) || is_proven(the);
  if (is_done) return done(the);
  if (the.world.guest.status->running) {
    return hold(steps::kRestore, "RestoreUnclear",
                "it was started by somebody, and whether its disks were put back is not known: to "
                "have it done, stop it (" +
                    pct(the, "shutdown") +
                    "); to leave it, take "
                    "spec.restore back");
  }
  if (has_failed_enough(the, steps::kRestore))
    return refuse(the, find_step(the.status(), steps::kRestore)->message);
  if (task == nullptr && is_open(the, steps::kRestore))
    return wait(steps::kRestore, "AnswerLost", "whether it is being put back is not known",
                kLookAgain);
  return roll_back(the);
}

}  // namespace

std::optional<Plan> plan_restore(const Case& the) {
  if (!is_restoring(the.machine)) return std::nullopt;
  if (!the.world.snapshots.has_value())
    return wait(steps::kRestore, "Restoring", "its snapshots could not be read", kLookAgain);
  const auto& known = the.status().restore;
  if (!known.has_value() || known->id != id_of(the))
    return note(the, RestoreState::preparing,
                "its disks are to be put back to " + snapshot_of(the));
  return known->state == RestoreState::rolling_back ? plan_rollback(the) : plan_preparation(the);
}

}  // namespace gantry::controllers::machine
