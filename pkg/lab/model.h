#pragma once
// The model: what Proxmox knows, shared by every handler. Internal to pkg/lab; tests use lab.h.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pkg/lab/access.h"
#include "pkg/lab/call.h"
#include "pkg/lab/guest_config.h"
#include "pkg/lab/ha.h"
#include "pkg/lab/lab.h"
#include "pkg/lab/state_folder.h"
#include "pkg/lab/tasks.h"
#include "pkg/lab/volumes.h"

namespace gantry::lab {

class Router;

// What pvestatd has last told the cluster about a guest (the broadcast rows behind
// /cluster/resources). `known` is false until it has looked at it for the first time.
struct Broadcast {
  bool known = false;
  bool running = false;
  std::string name;
  std::string cores;  // a number, or a text when it comes from cpulimit
  int64_t memory_total = 0, disk_total = 0;
  Time running_since;
};

struct Guest {
  VmId vmid;
  NodeName node;
  pve::GuestType type = pve::GuestType::lxc;
  GuestConfig config;
  Time created;               // when its config file appeared
  bool has_container = true;  // false: somebody else's, a config and nothing else
  bool running = false;       // as last seen
  Time running_since;
  ContainerState state;  // as last inspected
  // Until `stale_until` /cluster/resources says this instead of the truth.
  Broadcast stale;
  Time stale_until;
};

// Interfaces as configured: what was added to and removed from those that the backend has.
struct NetworkState {
  using Settings = std::map<std::string, std::string>;
  std::map<std::string, Settings> added;
  std::set<std::string> removed;
  bool operator==(const NetworkState&) const = default;
};

struct NodeState {
  NodeOptions options;
  bool online = true;
  bool daemon_running = true;
  Time up_since;
  NetworkState network;
  std::optional<NetworkState> new_network;  // interfaces.new
};

struct Model {
  Model(Options o, async::Clock& c, Random& r, Backend& b, Executor e);
  ~Model();

  Options options;
  async::Clock& clock;
  Random& random;
  Backend& backend;
  Executor executor;
  Faults faults;
  Access access;
  Volumes volumes;
  Tasks tasks;
  StateFolder files;
  async::Group group;  // late executions, polling
  std::unique_ptr<Router> router;
  std::map<NodeName, NodeState> nodes;
  bool quorate = true;
  std::string command_user;  // whose unfinished creates the command channel removes; empty: any
  std::vector<Lab::Write> writes;
  uint64_t requests = 0;
  uint64_t changes = 0;           // of guests, so far
  std::set<VmId> changed_guests;  // until taken
  Ha ha;

  // ---- requests ----
  // nullopt: the connection is lost, before or after the effect.
  Async<std::optional<Reply>> serve(Call call);
  // The same without faults: always answered.
  Async<Reply> execute(Call call);

  // ---- guests ----
  Guest* find_guest(VmId vmid);
  const Guest* find_guest(VmId vmid) const;
  // nullptr also when it is a VM or lives on another node: Proxmox looks for one file.
  Guest* find_container(const NodeName& node, VmId vmid);
  Guest& add_guest(VmId vmid, const NodeName& node, GuestConfig config);
  void remove_guest(VmId vmid);
  void move_guest(Guest& guest, const NodeName& node);
  const std::map<VmId, std::unique_ptr<Guest>>& guests() const { return guests_; }
  const std::set<VmId>& guests_on(const NodeName& node) const;
  VmId next_free_id(VmId from) const;

  void note_change(VmId vmid);
  // Call before anything changes that pvestatd reports: the old view stays for up to 10 s.
  void before_change(Guest& guest);
  void set_running(Guest& guest, bool running);
  // Writes the config file.
  void save(const Guest& guest);
  void save_access();
  void save_volumes();
  Broadcast broadcast_of(const Guest& guest) const;  // what the cluster sees now
  Broadcast truth_of(const Guest& guest) const;

  // ---- the backend's view ----
  ContainerSpec spec_of(const Guest& guest) const;
  ContainerSpec spec_of(const NodeName& node, VmId vmid,
                        const std::map<std::string, std::string>& config) const;
  // Asks the backend and remembers the answer; the last known state when it cannot say.
  Async<ContainerState> inspect(VmId vmid);

  // Without quorum nothing is written (PVE/Cluster.pm, check_cfs_quorum).
  Refusal check_quorum() const;
  bool is_modern() const { return options.version != PveVersion::v8_4; }
  bool is_stand_alone() const { return options.cluster_name.empty(); }
  // A random hardware address with Proxmox's prefix.
  std::string new_hwaddr();

 private:
  Refusal check_cluster(const Call& call) const;
  void note_write(const Call& call, bool refused);

  std::map<VmId, std::unique_ptr<Guest>> guests_;
  std::map<NodeName, std::set<VmId>> guests_on_;
};

// "Configuration file 'nodes/pve1/lxc/100.conf' does not exist"
std::string missing_config_text(const NodeName& node, VmId vmid);
// "CT 100 already exists on node 'pve1'"
std::string already_exists_text(const Guest& guest);
// The rootfs size that a config names, in bytes.
int64_t disk_size_of(const std::map<std::string, std::string>& config);
std::string name_of(const Guest& guest);
// The bridges that guests can use there.
std::vector<std::string> bridges_of(const Model& model, const NodeName& node);
// "CT is locked (backup)", or nullopt.
Refusal check_lock(const Guest& guest);
// The digest that a call names is the present one, or none.
Refusal check_digest(const Guest& guest, const std::string& digest);
// Applies pending changes to a stopped container's config.
void apply_pending(Model& model, Guest& guest);

}  // namespace gantry::lab
