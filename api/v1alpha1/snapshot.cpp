#include "api/v1alpha1/snapshot.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

namespace {

bool is_plain(const std::string& word) {
  return std::ranges::all_of(
      word, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// What Proxmox takes as a name (pve-configid), and Gantry knows as its own.
bool is_own_name(const std::string& name) {
  return starts_with(name, "gantry-") && name.size() <= 40 && is_plain(name);
}

}  // namespace

Problems check_snapshots(const std::vector<Snapshot>& snapshots) {
  Problems problems;
  for (size_t i = 0; i < snapshots.size(); ++i) {
    if (is_own_name(snapshots[i].name)) continue;
    problems.push_back({absl::StrFormat("snapshots[%d].name", i), Reason::invalid,
                        "must begin with \"gantry-\" and have at most 40 lower-case letters, "
                        "digits or \"-\": others are people's own"});
  }
  return problems;
}

Problems check_restore_id(const std::string& id) {
  if (!id.empty() && id.size() <= 24 && is_plain(id)) return {};
  return {
      {"restore.id", Reason::invalid, "must be at most 24 lower-case letters, digits or \"-\""}};
}

TypeInfo describe(Type<Restore>) {
  return object<Restore>(
      "Restore", "Puts all its disks back to a snapshot, once.",
      {
          field<&Restore::id>("id", "Another id is another wish; one is granted once.", required),
          field<&Restore::snapshot>("snapshot", "One of ours that is there.", required),
      });
}

TypeInfo describe(Type<RestoreState>) {
  return enumeration<RestoreState>("RestoreState",
                                   "Preparing: stopped and kept aside first. RollingBack: Proxmox "
                                   "was asked. Done: the disks are "
                                   "as they were then. Refused: nothing was put back.",
                                   {"Preparing", "RollingBack", "Done", "Refused"});
}

TypeInfo describe(Type<RestoreStatus>) {
  return object<RestoreStatus>(
      "RestoreStatus", "How far a restore is.",
      {
          field<&RestoreStatus::id>("id", "Of which wish.", required),
          field<&RestoreStatus::snapshot>("snapshot", "What the disks are put back to."),
          field<&RestoreStatus::state>("state", "How far it is.", always),
          field<&RestoreStatus::safety>("safety", "Where what was there before is kept."),
          field<&RestoreStatus::finished_at>("finishedAt", "When it was done or refused."),
          field<&RestoreStatus::message>("message", "Why it was refused."),
      });
}

TypeInfo describe(Type<AppRestore>) {
  return object<AppRestore>(
      "AppRestore", "Puts the data back as a revision has left it, once.",
      {
          field<&AppRestore::id>("id", "Another id is another wish; one is granted once.",
                                 required),
          field<&AppRestore::revision>("revision", "Its number; see `gantryctl history`.", required,
                                       Range{1, 1'000'000'000}),
      });
}

TypeInfo describe(Type<Snapshot>) {
  return object<Snapshot>("Snapshot", "How its disks are now, kept under a name.",
                          {field<&Snapshot::name>("name", "gantry-…", required)});
}

TypeInfo describe(Type<SnapshotState>) {
  return enumeration<SnapshotState>(
      "SnapshotState",
      "Pending: to be taken. Taken: it is there. Impossible: a storage cannot. Gone: it was there. "
      "A name is never taken twice.",
      {"Pending", "Taken", "Impossible", "Gone"});
}

TypeInfo describe(Type<SnapshotStatus>) {
  return object<SnapshotStatus>(
      "SnapshotStatus", "What became of a snapshot.",
      {
          field<&SnapshotStatus::name>("name", "Its name on Proxmox.", required),
          field<&SnapshotStatus::state>("state", "Whether it is there.", always),
          field<&SnapshotStatus::created_at>("createdAt", "When it was taken."),
          field<&SnapshotStatus::message>("message", "Why it is not there."),
      });
}

TypeInfo describe(Type<RevisionSnapshot>) {
  return object<RevisionSnapshot>(
      "RevisionSnapshot", "The data of one Machine, as a revision has left it.",
      {
          field<&RevisionSnapshot::machine>("machine", "The Machine.", required),
          field<&RevisionSnapshot::name>("name", "The snapshot on Proxmox; absent: none."),
          field<&RevisionSnapshot::created_at>("createdAt", "When it was taken."),
          field<&RevisionSnapshot::message>("message", "Why there is none."),
      });
}

}  // namespace gantry::api::v1alpha1
