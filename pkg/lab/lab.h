#pragma once
// Lab: a Proxmox VE that is not there. One model behind three doors: a pve::Client in this process,
// an http::Handler for /api2/json, and a guest::Channel. What containers are made of is a Backend's
// business; what they are called, who may touch them and what goes wrong is the model's.
//
//   MemoryBackend backend(clock, random, {});
//   Lab lab(single_node(), clock, random, backend, loop.executor());
//   const auto token = lab.set_up_least_privilege("gantry");
//   auto client = lab.client(token.id);
//   …
//   co_await lab.stop();
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pkg/async/clock.h"
#include "pkg/base/json.h"
#include "pkg/base/random.h"
#include "pkg/guest/channel.h"
#include "pkg/http/http.h"
#include "pkg/lab/backend.h"
#include "pkg/lab/faults.h"
#include "pkg/pve/client.h"

namespace gantry::lab {

struct NodeOptions {
  NodeName name;
  int cores = 8;
  int64_t memory = int64_t{32} << 30;  // bytes
  std::string address = "127.0.0.1";
};
struct StorageOptions {
  StorageId id;
  std::string type = "dir";  // dir, zfspool, lvmthin
  std::set<std::string> content = {"rootdir", "images", "vztmpl", "iso", "backup", "snippets"};
  bool shared = false;
  std::vector<NodeName> nodes;  // empty: all
  int64_t total = 0;            // bytes; 0: what Backend::space() says
  bool added = false;           // by POST /storage, while it ran
};
enum class PveVersion { v8_4, v9_2 };
struct Options {
  std::vector<NodeOptions> nodes;
  std::vector<StorageOptions> storages;
  std::string cluster_name;  // empty: stand-alone; needed with more than one node
  PveVersion version = PveVersion::v9_2;
  // Where configs (nodes/<n>/lxc/<id>.conf), user.cfg, volumes and ended tasks are kept, so that a
  // later Lab finds them. Empty: nowhere. Written synchronously; small files only.
  std::string state_folder;
  // Ask the backend every 10 s what runs (pvestatd). Needed where containers end by themselves
  // (lxc); the memory backend's do not.
  bool poll_backend = false;
  // Reject exec, push and unlock of containers without a mark, as deploy/pve's forced command does.
  bool forced_command = true;
};
// One node "pve1" with storage "local".
Options single_node();
// Nodes pve1 … pve<n> in a cluster "lab", each with "local", and a shared "nfs".
Options cluster_of(int nodes);

struct Token {
  std::string id;      // gantry@pve!daemon
  std::string secret;  // a UUID; the Authorization header is PVEAPIToken=id=secret
};

// What a test or an invariant sees without a permission.
struct GuestRecord {
  VmId vmid;
  NodeName node;
  pve::GuestType type = pve::GuestType::lxc;
  bool running = false;                       // as last seen by the model
  std::map<std::string, std::string> config;  // live values, "lock" and "description" included
  std::map<std::string, std::string> pending;
  std::string pool;
  std::set<std::string> snapshots = {};  // their names
};
struct VolumeRecord {
  std::string volid;
  NodeName node;  // empty when the storage is shared
  VmId vmid;      // 0 for templates
  int64_t size = 0;
};

struct Model;

// Not thread-safe: everything runs on `executor`. The references outlive the lab.
class Lab {
 public:
  Lab(Options options, async::Clock& clock, Random& random, Backend& backend, Executor executor);
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  // Reads the state folder; tasks that ran when the last lab ended have died ("unexpected status").
  // With poll_backend also begins to poll. Without either it need not be called.
  Async<Status> open();
  // Ends every worker. Await it before destroying the lab.
  Async<void> stop();

  // ---- doors
  // ------------------------------------------------------------------------------------- As that
  // token ("user@realm!name") over that node; authenticated at each call, so a token that goes away
  // is refused. Must not outlive the lab.
  std::unique_ptr<pve::Client> client(std::string token_id);
  std::unique_ptr<pve::Client> client(std::string token_id, NodeName node);
  // /api2/json of the first node, or of a named one. Where no answer may come (a lost one, a dead
  // node) the response's status is http::kNoAnswer: the connection is dropped.
  http::Handler& handler();
  http::Handler& handler(const NodeName& node);
  // The command channel: pct's checks, then Backend::exec and push.
  guest::Channel& channel();

  // ---- users, as root would set them up
  // ---------------------------------------------------------- kAlreadyExists when the user is
  // there.
  Status add_user(const std::string& userid, const std::string& password = "");
  // `secret` "" for a random one. The user must exist.
  Result<Token> add_token(const std::string& userid, const std::string& name, bool privsep,
                          const std::string& secret = "");
  Status add_role(const std::string& name, const std::set<std::string>& privileges);
  // `who` is a user or a full token id.
  Status grant(const std::string& path, const std::string& who, const std::string& role,
               bool propagate = true);
  Status revoke(const std::string& path, const std::string& who, const std::string& role);
  Status add_pool(const std::string& pool);
  // root@pam!lab, privsep=0: sees and may everything but what only the user root@pam may.
  Token root_token();
  // What deploy/pve/role.sh does: user gantry@pve, token "daemon", the pool, roles on the pool,
  // every storage, /nodes, the bridges and / (propagate 0). Idempotent; `secret` "" for a random
  // one.
  Token set_up_least_privilege(const std::string& pool, const std::string& secret = "");
  // What its flag --with-network adds: Sys.Modify on the nodes, for bridges.
  void allow_bridges();

  // ---- a person does it, past the API
  // ------------------------------------------------------------ All are for tests, rehearsals and
  // the simulation; kNotFound when there is no such guest.
  // What the user root@pam does through the API: with its checks, and tasks that carry that name.
  // Meets no faults. The answer's "data"; else Invalid (400) or Remote with its text.
  using Arguments = std::map<std::string, std::string>;
  Async<Result<Json>> as_root(std::string method, std::string path, Arguments arguments);
  Async<Status> start_guest(VmId vmid);
  Async<Status> stop_guest(VmId vmid);  // kills
  Async<Status> destroy_guest(VmId vmid);
  // Moves config and record, running or not; a local disk moves along.
  Status migrate_guest(VmId vmid, NodeName node);
  // Edits the .conf file: value "" removes the key. No check at all; a running container keeps what
  // it has, as with a real edit, but the change is not "pending".
  Status edit_config(VmId vmid, const std::string& key, const std::string& value);
  Status set_lock(VmId vmid, const std::string& lock);  // "" unlocks (pct unlock)
  Status set_pool(VmId vmid, const std::string& pool);  // "" takes it out
  // A guest of somebody else: a config without container, stopped unless `running`.
  Status put_guest(GuestRecord guest);
  // Copies config (mark and all) and container to a new id, as a person's clone or restore does.
  Async<Status> copy_guest(VmId source, VmId target);

  // ---- the machines
  // ------------------------------------------------------------------------------ Offline: its
  // door and its guests do not answer, its workers die, its containers stop.
  Async<Status> set_node_online(NodeName node, bool online);
  bool is_node_online(const NodeName& node) const;
  void set_quorate(bool quorate);
  bool is_quorate() const;
  // pvedaemon of a node: while down, writes and protected reads give 595.
  void set_daemon_running(const NodeName& node, bool running);
  // Takes a privilege away from a user and its tokens everywhere, or gives it back.
  void set_privilege_masked(const std::string& userid, const std::string& privilege, bool masked);
  // Occupies that much of a storage besides what volumes use.
  void fill_storage(const StorageId& storage, int64_t bytes);
  // SIGKILL to the worker of a running task; false when it does not run.
  bool kill_task(const Upid& upid);
  Faults& faults();

  // ---- what is there
  // -----------------------------------------------------------------------------
  std::vector<GuestRecord> guests() const;
  std::optional<GuestRecord> find_guest(VmId vmid) const;
  std::vector<VolumeRecord> volumes() const;  // templates left out
  size_t guest_count() const;
  size_t running_tasks() const;
  // Of one caller ("user@realm!token") on one node.
  size_t running_tasks(const NodeName& node, const std::string& who) const;
  // Grows with every change of a guest: while it stays, guests() says the same.
  uint64_t changes() const;
  // Guests that have appeared, changed or gone since it was asked last, each once.
  std::set<VmId> take_changed_guests();
  // Writes that a door accepted, oldest first: "POST /nodes/pve1/lxc/100/status/start" with the
  // token that sent it; what the command channel unlocks or destroys as "pct". Kept for invariants
  // until taken; the oldest fall out beyond 100,000.
  struct Write {
    Time asked_at;  // when the request came
    Time at;        // when it was executed
    std::string who, method, path;
    std::optional<VmId> vmid;
    bool refused = false;  // it was asked for, no more
  };
  std::vector<Write> take_writes();
  // Requests that came to a door so far, whatever became of them.
  uint64_t request_count() const;

 private:
  std::unique_ptr<Model> model_;
  struct Doors;
  std::unique_ptr<Doors> doors_;
};

}  // namespace gantry::lab
