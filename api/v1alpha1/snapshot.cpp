#include "api/v1alpha1/snapshot.h"

#include <algorithm>

#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

namespace {

// What Proxmox takes as a name (pve-configid), and Gantry knows as its own.
bool is_own_name(const std::string& name) {
  return starts_with(name, "gantry-") && name.size() <= 40 && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
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
