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
// What a Machine's disks are put back to; once for each id.
struct Restore {
  std::string id;
  std::string snapshot;
};
enum class RestoreState { preparing, rolling_back, done, refused };
struct RestoreStatus {
  std::string id;
  std::string snapshot;
  RestoreState state = RestoreState::preparing;
  std::string safety;  // where what was there before is
  std::optional<Time> finished_at;
  std::string message;  // why it was refused
};
// What an App's data is put back to; once for each id.
struct AppRestore {
  std::string id;
  int revision = 0;
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
// An id becomes part of a snapshot's name; paths below "restore".
schema::Problems check_restore_id(const std::string& id);

schema::TypeInfo describe(schema::Type<Snapshot>);
schema::TypeInfo describe(schema::Type<SnapshotState>);
schema::TypeInfo describe(schema::Type<SnapshotStatus>);
schema::TypeInfo describe(schema::Type<Restore>);
schema::TypeInfo describe(schema::Type<RestoreState>);
schema::TypeInfo describe(schema::Type<RestoreStatus>);
schema::TypeInfo describe(schema::Type<AppRestore>);
schema::TypeInfo describe(schema::Type<RevisionSnapshot>);

}  // namespace gantry::api::v1alpha1
