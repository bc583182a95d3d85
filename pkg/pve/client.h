#pragma once
// pve::Reader and pve::Client: Proxmox VE, as Gantry speaks to it.
//
// Drivers: pkg/pve/http (the real API) and pkg/lab's in-process door. Controllers get a Reader and
// a pve::Writer (writer.h), which guards every write; only wiring code sees a Client.
#include <map>
#include <string>
#include <vector>

#include "pkg/async/async.h"
#include "pkg/pve/types.h"

namespace gantry::pve {

// Errors of every call: Transport, TLS, Auth, Permission, NotFound, AlreadyExists, Conflict
// (digest), Locked, Invalid, Schema, Remote, Timeout, Cancelled, each with the node and object in
// its message. For a limited token "missing" and "forbidden" are one: Permission, never NotFound.
// NotFound of a guest means "not on that node": it may live on another. errors.h maps the texts.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual Async<Result<Version>> version() = 0;
  virtual Async<Result<Permissions>> permissions() = 0;
  virtual Async<Result<ClusterStatus>> cluster_status() = 0;
  virtual Async<Result<Resources>> resources() = 0;
  // Storages as one node sees them (active, free space: fresher than resources()).
  virtual Async<Result<std::vector<StorageRow>>> storages(NodeName node) = 0;
  // `content` "" for every kind.
  virtual Async<Result<std::vector<Volume>>> volumes(NodeName node, StorageId storage,
                                                     std::string content) = 0;
  // Names of the node's bridges (GET /nodes/{node}/network?type=any_bridge).
  virtual Async<Result<std::vector<std::string>>> bridges(NodeName node) = 0;
  virtual Async<Result<NodeNetwork>> network(NodeName node) = 0;
  // GET /cluster/nextid?vmid=: true when no guest at all has it, also none we may not see.
  virtual Async<Result<bool>> is_vmid_free(VmId vmid) = 0;

  // The pending view, as Proxmox shows it by default.
  virtual Async<Result<GuestConfig>> guest_config(NodeName node, VmId vmid) = 0;
  virtual Async<Result<std::vector<PendingChange>>> guest_pending(NodeName node, VmId vmid) = 0;
  virtual Async<Result<GuestStatus>> guest_status(NodeName node, VmId vmid) = 0;
  virtual Async<Result<std::vector<GuestInterface>>> guest_interfaces(NodeName node, VmId vmid) = 0;

  // Oldest first.
  virtual Async<Result<std::vector<Snapshot>>> snapshots(NodeName node, VmId vmid) = 0;
  // Whether every disk of it is where the storage can do that: "snapshot".
  virtual Async<Result<bool>> has_feature(NodeName node, VmId vmid, std::string feature) = 0;

  virtual Async<Result<Task>> task(Upid upid) = 0;
  // The last `lines` lines, oldest first.
  virtual Async<Result<std::vector<std::string>>> task_log(Upid upid, int lines) = 0;
  // A node's tasks on one guest, running ones included, newest first.
  virtual Async<Result<std::vector<Task>>> tasks(NodeName node, VmId vmid) = 0;
  // A node's running tasks.
  virtual Async<Result<std::vector<Task>>> running_tasks(NodeName node) = 0;
};

using Parameters = std::map<std::string, std::string>;

// Only the volumes that the config names go with a guest: what else lies under its id may be
// somebody's, and a token with rights on a pool would not even see it.
struct DestroyOptions {
  bool force = false;
  bool purge = true;
};

// Which mount point becomes which of whom; the digests are those of the configs that were looked
// at: a call that is executed late, or twice, finds other ones and does nothing.
struct VolumeGift {
  VmId from, to;
  std::string from_key, to_key;  // mp0
  std::string from_digest, to_digest;
};

// The raw writes. An error for which http::may_have_been_sent holds, or a Timeout, says nothing
// about the effect: look before trying again. Every Upid names a task that has only been queued.
// Conflict also says that the guest is not in the state the call needs (already running, not
// running, is running): read it again. Stop and shutdown of a missing guest say that, too.
class Client : public Reader {
 public:
  // `parameters` as in POST /nodes/{node}/lxc, without vmid.
  virtual Async<Result<Upid>> create_guest(NodeName node, VmId vmid, Parameters parameters) = 0;
  // `parameters` as in POST …/clone, without newid.
  virtual Async<Result<Upid>> clone_guest(NodeName node, VmId source, VmId vmid,
                                          Parameters parameters) = 0;
  // PUT config: synchronous. `remove` are keys to delete; `digest` "" for none.
  virtual Async<Status> configure_guest(NodeName node, VmId vmid, Parameters set,
                                        std::vector<std::string> remove, std::string digest) = 0;
  // Grows a disk ("rootfs", "mp0"); `size` absolute, "8G".
  virtual Async<Result<Upid>> resize_guest(NodeName node, VmId vmid, std::string disk,
                                           std::string size) = 0;
  // A mount point of one container becomes one of another on the same node, which owns the volume
  // from then on. Both stand still.
  virtual Async<Result<Upid>> give_volume(NodeName node, VolumeGift gift) = 0;
  // Moves it to another node; `restart`: one that runs is shut down here and started there.
  virtual Async<Result<Upid>> migrate_guest(NodeName node, VmId vmid, NodeName target,
                                            bool restart) = 0;
  virtual Async<Result<Upid>> start_guest(NodeName node, VmId vmid) = 0;
  virtual Async<Result<Upid>> stop_guest(NodeName node, VmId vmid) = 0;
  virtual Async<Result<Upid>> shutdown_guest(NodeName node, VmId vmid, Duration timeout) = 0;
  virtual Async<Result<Upid>> destroy_guest(NodeName node, VmId vmid, DestroyOptions options) = 0;
  // Of all its disks, while it runs or not. A name that is taken fails in the task.
  virtual Async<Result<Upid>> take_snapshot(NodeName node, VmId vmid, std::string name,
                                            std::string description) = 0;
  virtual Async<Result<Upid>> delete_snapshot(NodeName node, VmId vmid, std::string name) = 0;
  // Disks and settings become as they were, but for the notes; one that runs is killed first.
  virtual Async<Result<Upid>> roll_back_guest(NodeName node, VmId vmid, std::string snapshot) = 0;
  // A backup beside those that are there: none of them is pruned. One that runs is stopped for it.
  virtual Async<Result<Upid>> back_up_guest(NodeName node, VmId vmid, StorageId storage,
                                            std::string notes) = 0;

  // Interfaces of a node: written to interfaces.new, which waits for apply_network(). That applies
  // whatever waits there, also what others have written (needs Sys.Modify on /nodes/{node}).
  // `parameters` as in POST /nodes/{node}/network, without iface.
  virtual Async<Status> create_interface(NodeName node, std::string name,
                                         Parameters parameters) = 0;
  virtual Async<Status> delete_interface(NodeName node, std::string name) = 0;
  virtual Async<Result<Upid>> apply_network(NodeName node) = 0;
};

}  // namespace gantry::pve
