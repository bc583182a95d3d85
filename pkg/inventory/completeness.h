#pragma once
// How far one cycle's picture may be trusted. Pure.
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pkg/inventory/inventory.h"

namespace gantry::inventory {

// A guest that the store says is ours.
struct OwnedGuest {
  VmId vmid;
  Uid uid;
  // It is known to have existed. What never did must not be missed.
  bool established = false;
  // We are destroying it ourselves: it may go.
  bool leaving = false;
  std::optional<Upid> create_task;
  bool should_be_there() const { return established && !leaving; }
};

// What a cluster was at first contact; another one behind the same URL must not be believed.
struct ClusterIdentity {
  std::string name;
  std::set<NodeName> nodes;
};

// One call of a cycle that failed.
struct FailedCall {
  std::string what;  // "running tasks of node pve2"
  Status status;
};

struct Verdict {
  bool complete = false;
  bool quorate = false;
  bool canary_passed = false;
  Status problem;  // OK when all three hold
};

// Judges the picture in `snapshot` (its flags are not looked at). Complete: no call failed, no row
// was undecodable, every guest's node is known, every member of the cluster that is online is in
// the resources, and it is still the same cluster. Canary: no needed privilege is missing, and of
// two or more guests that should be there one is listed (with a single one there is no other to
// bear witness; the privileges must do).
Verdict judge(const Snapshot& snapshot, const std::vector<FailedCall>& failures,
              const std::vector<std::string>& undecodable, const std::vector<OwnedGuest>& owned,
              const std::optional<ClusterIdentity>& identity);

// What the cycle's own answers say: which privileges are missing, that there is no quorum. OK also
// where that was not read.
Status why_not_authorized(const Snapshot& snapshot);
Status why_not_quorate(const Snapshot& snapshot);

}  // namespace gantry::inventory
