#pragma once
// World: a cluster in memory, a database, users and people, and the real controllers between them;
// one thread, virtual time, one seed.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/v1alpha1/machineclass.h"
#include "api/v1alpha1/proxmoxcluster.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/lab/memory/memory.h"
#include "tests/sim/daemon.h"
#include "tests/sim/trace.h"

namespace gantry::sim {

struct WorldOptions {
  uint64_t seed = 1;
  int nodes = 2;
  bool verbose = false;
  bool as_root = false;  // our token may everything, so that what is missing is told as missing
  // Changes to what users write: cluster "home" and class "small".
  std::function<void(api::v1alpha1::ProxmoxClusterSpec& spec)> cluster;
  std::function<void(api::v1alpha1::MachineClassSpec& spec)> shape;
};

// What a user asked for, as the final check needs it.
struct Wanted {
  bool exists = true;
  bool running = true;
  Uid uid;
  // A person has damaged what proves that it is ours; while neither mark is there it is held.
  bool unproven = false;
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // --- time ---
  // Runs everything that happens within `duration`, with the invariants checked as it does.
  void run_for(Duration duration);
  Time now() const { return clock.now(); }
  // Runs an operation of a user or person to its end, whatever its result.
  void perform(std::function<Async<Status>()> operation);

  // --- the daemon ---
  void start_daemon();
  void kill_daemon();  // at once
  bool daemon_runs() const { return daemon_ != nullptr; }
  // Kills it right after its next call to Proxmox that changes something; of those with this method
  // and this in their path.
  void kill_at_next_write(std::string method = "", std::string path = "") {
    kill_at_ = {{std::move(method), std::move(path)}};
  }

  // --- users ---
  void create_machine(const std::string& name, const std::function<void(Json& spec)>& edit = {});
  void delete_machine(const std::string& name);
  void edit_machine(const std::string& name, const std::function<void(Json& spec)>& edit);
  void edit_class(const std::function<void(Json& spec)>& edit);
  void edit_cluster(const std::function<void(Json& spec)>& edit);
  std::optional<Json> machine(const std::string& name) const;
  std::optional<VmId> vmid_of(const std::string& name) const;
  // All objects of a resource ("machines.gantry.dev", "events"), as users see them.
  std::vector<Json> objects(const store::Resource& resource) const;
  // Their answers may have been lost: what they want is what they find written.
  void see_what_users_have();
  std::map<std::string, Wanted>& wanted() { return wanted_; }
  const std::map<std::string, Wanted>& wanted() const { return wanted_; }

  // --- people, past Gantry ---
  void put_stranger(VmId vmid);               // a guest of somebody else
  void copy_guest(VmId source, VmId target);  // a clone or restore: carries our mark
  bool is_stranger(VmId vmid) const { return strangers_.contains(vmid); }
  std::unique_ptr<pve::Client> root();  // root@pam's own client

  // --- the verdict ---
  // Everything as users want it? Otherwise what is not.
  std::vector<std::string> unmet() const;
  // What must be gone and is not.
  std::vector<std::string> leaks() const;
  const std::vector<std::string>& violations() const { return violations_; }
  size_t writes() const { return writes_.size(); }  // to Proxmox, by the daemon, so far
  const std::vector<lab::Lab::Write>& written() const { return writes_; }

  Trace trace;
  async::Loop loop;
  async::SimulatedClock clock;
  SeededRandom random;  // of the scenario
  lab::MemoryBackend backend;
  std::unique_ptr<lab::Lab> lab;
  store::memory::Disk disk;
  bool blind = false;  // our token may not see guests; set by the scenario with the privilege

 private:
  struct Users;  // what kubectl sees: a store of its own on the same database
  void edit(const store::Key& key, const std::function<void(Json& spec)>& edit);
  void settle();
  bool is_unproven(const std::string& name) const;
  void look_at_writes();
  void check_write(const lab::Lab::Write& write);
  void check_guests();
  void violate(const std::string& what);
  Async<Status> set_up();

  WorldOptions options_;
  SeededRandom lab_random_, daemon_random_, user_random_;
  lab::Token token_;
  std::unique_ptr<Users> users_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<async::Group> daemon_group_;
  int incarnation_ = 0;
  std::optional<std::pair<std::string, std::string>> kill_at_;

  std::map<std::string, Wanted> wanted_;
  std::set<Uid> ever_wanted_gone_;  // uids whose Machine a user has deleted
  std::set<Uid> ever_wanted_stopped_;
  std::map<VmId, std::string> strangers_;  // their configs
  std::map<VmId, Uid> seen_ours_;          // which VMIDs carried which of our marks
  std::optional<Time> blind_since_;
  std::vector<std::string> violations_;
  std::vector<lab::Lab::Write> writes_;
};

}  // namespace gantry::sim
