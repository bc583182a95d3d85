#pragma once
// Snapshot: how a container's disks were at one moment, kept by Proxmox under a name.
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/time.h"
#include "pkg/schema/schema.h"

namespace gantry::api::v1alpha1 {

// One that a Machine is to have.
struct Snapshot {
  std::string name;
};
// A name is taken once: what comes after "pending" stays, since later the disks are others.
enum class SnapshotState { pending, taken, impossible, gone };
struct SnapshotStatus {
  std::string name;
  SnapshotState state = SnapshotState::pending;
  std::optional<Time> created_at;
  std::string message;  // why there is none
};
// Of one of an App's Machines, as a revision has left its data.
struct RevisionSnapshot {
  std::string machine;
  std::string name;  // empty: none was taken
  std::optional<Time> created_at;
  std::string message;  // why none was taken, or is there any more
};

// Cross-field rules of a list of snapshots; paths below "snapshots".
schema::Problems check_snapshots(const std::vector<Snapshot>& snapshots);

schema::TypeInfo describe(schema::Type<Snapshot>);
schema::TypeInfo describe(schema::Type<SnapshotState>);
schema::TypeInfo describe(schema::Type<SnapshotStatus>);
schema::TypeInfo describe(schema::Type<RevisionSnapshot>);

}  // namespace gantry::api::v1alpha1
