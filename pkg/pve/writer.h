#pragma once
// pve::Writer: the one place every Proxmox write passes through.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pkg/pve/client.h"
#include "pkg/pve/mark.h"

namespace gantry::pve {

// Our row of a guest, from the store: what makes it ours together with its mark.
struct OwnedGuest {
  ClusterName cluster;
  VmId vmid;
  Uid uid;
  int64_t epoch = 0;
  std::optional<Upid> create_task;
};

// What the names of our snapshots begin with.
inline constexpr const char* kSnapshotPrefix = "gantry-";
// Name and mark say that we took it, of this guest.
bool is_own_snapshot(const Snapshot& snapshot, const std::string& installation, const Uid& uid);

// Looks rows up; implemented over the store.
class Ownership {
 public:
  virtual ~Ownership() = default;
  virtual Async<Result<std::optional<OwnedGuest>>> find(ClusterName cluster, VmId vmid) = 0;
};

// Why nothing may be written now (mode Observe, inventory incomplete, no quorum, vanish guard,
// lost lease …); OK when writes may go out. `destructive` for stop, shutdown, destroy.
using Gate = std::function<Status(bool destructive)>;

// Guards Client's writes. Before each it (1) asks the gate, (2) reads our row, (3) for anything but
// a create reads the guest's config from its node and compares the mark: uid in the description, or
// in the tag where a person has damaged that. What does not pass is refused with class Held and
// reason in the message ("OwnershipUnproven: …"), and nothing is sent.
// A create needs a row without a create task; the mark is put into its description here.
class Writer {
 public:
  Writer(ClusterName cluster, std::string installation, Client& client, Ownership& ownership,
         Gate gate);

  Async<Result<Upid>> create_guest(NodeName node, VmId vmid, Uid uid, Parameters parameters);
  Async<Result<Upid>> clone_guest(NodeName node, VmId source, VmId vmid, Uid uid,
                                  Parameters parameters);
  Async<Status> configure_guest(NodeName node, VmId vmid, Uid uid, Parameters set,
                                std::vector<std::string> remove);
  Async<Result<Upid>> resize_guest(NodeName node, VmId vmid, Uid uid, std::string disk,
                                   std::string size);
  // Between two of ours; both must pass, and be as they were when they were looked at.
  Async<Result<Upid>> give_volume(NodeName node, VolumeGift gift, Uid from_uid, Uid to_uid);
  Async<Result<Upid>> migrate_guest(NodeName node, VmId vmid, Uid uid, NodeName target,
                                    bool restart);
  Async<Result<Upid>> start_guest(NodeName node, VmId vmid, Uid uid);
  Async<Result<Upid>> stop_guest(NodeName node, VmId vmid, Uid uid);
  Async<Result<Upid>> shutdown_guest(NodeName node, VmId vmid, Uid uid, Duration timeout);
  Async<Result<Upid>> destroy_guest(NodeName node, VmId vmid, Uid uid, DestroyOptions options);

  // Snapshots of our own: `name` begins with kSnapshotPrefix, and the mark stands in the
  // description. Nobody else's is ever removed (Held, "SnapshotForeign: …"). NotFound when there is
  // none.
  Async<Result<Upid>> take_snapshot(NodeName node, VmId vmid, Uid uid, std::string name,
                                    std::string description);
  Async<Result<Upid>> delete_snapshot(NodeName node, VmId vmid, Uid uid, std::string name);

  // To a snapshot of our own, which is there.
  Async<Result<Upid>> roll_back_guest(NodeName node, VmId vmid, Uid uid, std::string snapshot);
  Async<Result<Upid>> back_up_guest(NodeName node, VmId vmid, Uid uid, StorageId storage,
                                    std::string notes);

  // The same proof without a write: OK when the guest there is ours. Used before commands inside.
  Async<Status> prove(NodeName node, VmId vmid, Uid uid);

  // Bridges of our own, without ports; `owner` is the uid that their comment names. Nothing else in
  // a node's network is ever changed: while other changes wait to be applied there, these three
  // answer Held, "PendingNetworkChanges: …". Create and delete take effect with apply_bridge();
  // it is OK as well when nothing waits any more.
  Async<Status> create_bridge(NodeName node, std::string name, Uid owner);
  Async<Status> delete_bridge(NodeName node, std::string name, Uid owner);
  Async<Status> apply_bridge(NodeName node, std::string name);

 private:
  Async<Result<OwnedGuest>> row_of(VmId vmid, Uid uid);
  // The config's digest once everything has passed.
  // It is there and ours.
  Async<Status> admit_snapshot(NodeName node, VmId vmid, Uid uid, std::string name);
  Async<Result<std::string>> admit(NodeName node, VmId vmid, Uid uid, bool destructive);

  ClusterName cluster_;
  std::string installation_;
  Client& client_;
  Ownership& ownership_;
  Gate gate_;
};

// Whether a difference of /etc/network/interfaces and interfaces.new ("changes" of GET
// /nodes/{node}/network) is about that interface alone. Anything that cannot be read is about
// others.
bool is_only_about(std::string_view changes, std::string_view interface);

}  // namespace gantry::pve
