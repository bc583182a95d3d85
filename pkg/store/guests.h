#pragma once
// The guests table: which VMIDs are ours. Durable intent of every create.
#include <optional>
#include <string>
#include <vector>

#include "pkg/async/async.h"
#include "pkg/base/ids.h"
#include "pkg/base/time.h"

namespace gantry::store {

// One reserved VMID. UNIQUE (cluster, vmid), and at most one live row a uid.
struct GuestRow {
  ClusterName cluster;
  VmId vmid;
  Uid uid;            // of the Machine
  std::string owner;  // "namespace/name", for people
  int64_t epoch = 0;  // counts the containers this Machine has had
  std::optional<Upid> create_task;
  std::optional<Time> released_at;  // gone, proven; quarantined until it may be used again
};

struct VmidRange {
  int64_t first = 0;
  int64_t last = 0;
};

// Durable before it answers. Errors: Transport (database gone), Overload (range exhausted: the
// message says how many are in use and in quarantine), NotFound (no live row), Conflict, Held
// (another process has taken the lease that this one fences its writes with).
class Guests {
 public:
  virtual ~Guests() = default;
  // The live row of that uid, or a new one with the lowest id of the range that is neither live,
  // nor in `taken`, nor released less than `quarantine` ago. Idempotent.
  virtual Async<Result<GuestRow>> reserve(ClusterName cluster, Uid uid, std::string owner,
                                          VmidRange range, std::vector<VmId> taken,
                                          Duration quarantine) = 0;
  // Notes the task right after the create call was accepted. Conflict if another task is noted.
  virtual Async<Status> set_create_task(ClusterName cluster, VmId vmid, Uid uid, Upid task) = 0;
  // A create was answered unclearly or failed: the same row with a new id and epoch + 1; the old id
  // goes into quarantine. Only after the old id has been proven free.
  virtual Async<Result<GuestRow>> renumber(ClusterName cluster, Uid uid, VmidRange range,
                                           std::vector<VmId> taken, Duration quarantine) = 0;
  // The create failed cleanly and the id is proven free: forget the task, keep the id; epoch + 1.
  virtual Async<Status> clear_create_task(ClusterName cluster, VmId vmid, Uid uid) = 0;
  // Proven gone: releases the id into quarantine. Idempotent.
  virtual Async<Status> release(ClusterName cluster, VmId vmid, Uid uid) = 0;
  // An existing container is taken over (adoption) with that uid. AlreadyExists.
  virtual Async<Result<GuestRow>> adopt(ClusterName cluster, VmId vmid, Uid uid,
                                        std::string owner) = 0;

  // The live row; released ones are not found.
  virtual Async<Result<std::optional<GuestRow>>> find_by_uid(ClusterName cluster, Uid uid) = 0;
  virtual Async<Result<std::optional<GuestRow>>> find_by_vmid(ClusterName cluster, VmId vmid) = 0;
  // Whether that uid has or has ever had a row, in any cluster: rows are released, never removed.
  virtual Async<Result<bool>> knows(Uid uid) = 0;
  // Live rows of a cluster.
  virtual Async<Result<std::vector<GuestRow>>> list(ClusterName cluster) = 0;
};

}  // namespace gantry::store
