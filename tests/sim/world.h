#pragma once
// World: a cluster in memory, a database, users and people, and the real controllers between them;
// one thread, virtual time, one seed.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/v1alpha1/machineclass.h"
#include "api/v1alpha1/proxmoxcluster.h"
#include "pkg/async/loop.h"
#include "pkg/async/simulated_clock.h"
#include "pkg/lab/memory/memory.h"
#include "tests/sim/host.h"
#include "tests/sim/reach.h"
#include "tests/sim/trace.h"

namespace gantry::sim {

struct WorldOptions {
  uint64_t seed = 1;
  int nodes = 2;
  int hosts = 1;  // machines that gantryd may run on
  bool verbose = false;
  bool as_root = false;  // our token may everything, so that what is missing is told as missing
  Bugs bugs;             // that the daemons have
  bool with_network = false;  // our token may make bridges
  bool away = false;          // another ProxmoxCluster, "away", without commandChannel; class "far"
  bool golden = false;        // the class "golden" and its template exist, too
  bool keyctl = false;        // … with what only root@pam may set
  std::string tank;  // type of a storage "tank" on every node, where root disks go; empty: none
  std::optional<controllers::app::CallbackOffer> callbacks;  // made to containers
  // Changes to what users write: cluster "home" and class "small".
  std::function<void(api::v1alpha1::ProxmoxClusterSpec& spec)> cluster;
  std::function<void(api::v1alpha1::MachineClassSpec& spec)> shape;
};

// What a user asked for, as the final check needs it.
struct Wanted {
  bool exists = true;
  bool running = true;
  Uid uid;
  bool attached = false;  // to the Appliance's network
  // A person has damaged what proves that it is ours; while neither mark is there it is held.
  bool unproven = false;
};
struct WantedApp {
  bool exists = true;
  bool suspended = false;
  int replicas = 1;
  bool native = true;               // a service with one page; else a compose project
  std::string page;                 // of a compose project: the tag of its image
  std::vector<std::string> mounts;  // where its volumes are to be
  std::vector<std::string> needs;   // the Apps that it depends on
  bool bad = false;                 // its page is one that no probe likes
  bool rolls_back = true;           // … which is then taken back
  bool takes_turns = false;         // it comes up beside what serves
  bool attached = false;            // to the Appliance's network
  std::string host;                 // under which the Appliance's proxy serves it
  Uid uid;
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

  // --- the daemon, on the first host ---
  void start_daemon() { start_daemon(0); }
  void kill_daemon() { kill_daemon(0); }  // at once
  bool daemon_runs() const { return hosts_.front()->runs(); }
  // Kills whichever daemon it is right after its next call to Proxmox that changes something; of
  // those with this method and this in their path.
  void kill_at_next_write(std::string method = "", std::string path = "") {
    kill_at_ = {{std::move(method), std::move(path)}};
  }
  void spare_daemons();  // no kill is planned any more
  // --- and on others ---
  // A backup of the database is put back, whatever has been acknowledged since.
  void restore_database(store::memory::Image backup);
  size_t host_count() const { return hosts_.size(); }
  Host& host(size_t number) { return *hosts_.at(number); }
  void start_daemon(size_t number);
  void kill_daemon(size_t number);
  // One that runs and leads; null when none does.
  const Daemon* leader() const;

  // --- users ---
  void create_machine(const std::string& name, const std::function<void(Json& spec)>& edit = {});
  void delete_machine(const std::string& name);
  void edit_machine(const std::string& name, const std::function<void(Json& spec)>& edit);
  void create_app(const std::string& name, int replicas, const std::string& page,
                  const std::function<void(Json& spec)>& edit = {});
  // "lan", in namespace "default": its bridge "gantry-lan", 10.20.0.0/24 behind vmbr0.
  void create_appliance(const std::function<void(Json& spec)>& edit = {});
  void edit_appliance(const std::function<void(Json& spec)>& edit);
  void delete_appliance();
  void delete_app(const std::string& name,
                  store::Dependents dependents = store::Dependents::unsaid);
  // What people do with objects that do not go: they take the finalizers away.
  void strip_app(const std::string& name);
  void edit_app(const std::string& name, const std::function<void(Json& spec)>& edit);
  // A Machine's container calls back: what the API writes down then.
  void call_back(const std::string& machine, int64_t attempt);
  // A Secret or ConfigMap of namespace "default" with these values, new or changed.
  void write_values(const store::Resource& resource, const std::string& name,
                    const std::map<std::string, std::string>& values);
  void edit_class(const std::function<void(Json& spec)>& edit);
  void edit_cluster(const std::function<void(Json& spec)>& edit);
  std::optional<Json> machine(const std::string& name) const;
  std::optional<VmId> vmid_of(const std::string& name) const;
  // The Machine on which a clone of the golden template is tried, and the class.
  std::optional<Json> probe() const;
  std::optional<Json> golden_class() const;
  // Its condition Held is True for this reason.
  bool is_held(const std::string& machine, const std::string& reason) const;
  // All objects of a resource ("machines.gantry.dev", "events"), as users see them.
  std::vector<Json> objects(const store::Resource& resource) const;
  // Their answers may have been lost: what they want is what they find written.
  void see_what_users_have();
  std::map<std::string, Wanted>& wanted() { return wanted_; }
  const std::map<std::string, Wanted>& wanted() const { return wanted_; }
  const std::map<std::string, WantedApp>& wanted_apps() const { return wanted_apps_; }
  // Debian 13 and images for compose projects; "bad1" comes up and falls, "bad2" is nowhere.
  void offer_images();
  // Commands inside containers also see which version runs there: a bad page is answered with 500.
  void let_versions_fail();

  // --- people, past Gantry ---
  void put_stranger(VmId vmid) { put_stranger(vmid, {{"hostname", "other"}}); }
  // A guest of somebody else, with these settings besides; in our pool our token sees it, too.
  void put_stranger(VmId vmid, const std::map<std::string, std::string>& settings,
                    bool in_our_pool = false);
  void copy_guest(VmId source, VmId target);  // a clone or restore: carries our mark
  bool is_stranger(VmId vmid) const { return strangers_.contains(vmid); }
  // A container of ours that holds data, as far as was seen.
  bool holds_data(VmId vmid) const { return data_.contains(vmid); }
  std::unique_ptr<pve::Client> root();  // root@pam's own client
  // What root@pam asks for, whatever the answer.
  void by_root(const std::string& method, const std::string& path,
               const lab::Lab::Arguments& arguments = {});
  // Guests that people have given to the HA manager.
  std::set<VmId>& managed() { return managed_; }

  // --- the verdict ---
  // Everything as users want it? Otherwise what is not.
  std::vector<std::string> unmet() const;
  // What must be gone and is not.
  std::vector<std::string> leaks() const;
  // What is rare and shall be seen in the end.
  void note_what_there_is();
  const std::vector<std::string>& violations() const { return violations_; }
  size_t writes() const { return writes_.size(); }  // to Proxmox, by daemons, so far
  const std::vector<lab::Lab::Write>& written() const { return writes_; }

  Trace trace;
  Reached reached;
  async::Loop loop;
  async::SimulatedClock clock;
  SeededRandom random;  // of the scenario
  mutable lab::MemoryBackend backend;
  std::unique_ptr<lab::Lab> lab;
  store::memory::Disk disk;
  ChannelFaults channel_faults;
  bool blind = false;  // our token may not see guests; set by the scenario with the privilege

 private:
  struct Users;  // what kubectl sees: a store of its own on the same database
  Async<Status> set_up();
  Async<Status> add_cluster_away();
  Async<Status> make_golden_template();
  void settle();
  void create(const store::Resource& resource, Json object);
  void acknowledge(const store::Key& key, const Uid& uid);
  void remove(const store::Key& key, store::Dependents dependents = store::Dependents::unsaid);
  void edit(const store::Key& key, const std::function<void(Json& spec)>& edit);
  void see_probe();
  std::vector<std::string> unmet_probe() const;
  bool is_unproven(const std::string& name) const;
  bool is_held_for_ever(const std::string& name) const;
  bool is_left(VmId vmid) const;
  std::vector<std::string> unmet_machine(const std::string& name, const Wanted& wish) const;
  std::vector<std::string> unmet_appliance() const;
  bool is_bridge_in_use() const;
  std::vector<std::string> unmet_routes() const;
  bool may_be_attached() const;
  std::vector<std::string> unmet_app(const std::string& name, const WantedApp& wish) const;
  // Of one whose version does not come up.
  std::vector<std::string> unmet_rollback(const std::string& name, const WantedApp& wish,
                                          const Json& app) const;
  std::string page_of(const std::string& machine) const;  // empty when there is none
  // Of the set that serves.
  std::string serving_machine(const std::string& app, int ordinal) const;
  // Of an App that is calm: Machines of the other set.
  std::vector<std::string> unmet_spare(const std::string& name, const Json& app) const;
  bool needs_are_met(const WantedApp& wish, int depth) const;
  bool may_answer(const std::string& name, const WantedApp& wish, int depth) const;
  bool has_held_machine(const std::string& app) const;
  // Of an App's container: what is not as the App wants it.
  std::vector<std::string> unmet_inside(const std::string& app, const std::string& machine,
                                        const WantedApp& wish) const;

  // --- invariants; `by`: whose turn it was, null for the world itself ---
  void look(Host* by);
  void look_at_writes(Host* by);
  void check_write(const lab::Lab::Write& write);
  void check_right_to_write(const lab::Lab::Write& write, const Host& by);
  void check_copies(const lab::Lab::Write& write, const std::optional<lab::GuestRecord>& guest);
  void check_guests();
  void see_volumes(VmId vmid, const std::optional<lab::GuestRecord>& guest);
  void check_volumes(VmId vmid);
  bool may_lose_data(const Uid& uid) const;
  void check_stranger(VmId vmid, const std::optional<lab::GuestRecord>& guest);
  void see_guest(VmId vmid, const std::optional<lab::GuestRecord>& guest, std::set<Uid>& touched);
  void check_carriers(const Uid& uid);
  void check_objects();
  void check_acknowledged(const store::Key& key);
  void check_finalizer(VmId vmid);
  void see_changes();
  void see_machine(const Uid& uid, std::string_view text);
  void see_slot(const Uid& app, std::string_view text, bool is_followed);
  void see_reasons(std::string_view text);
  void check_rows();
  void check_budgets();
  void check_paths();
  struct Origin {
    std::string name;
    Uid app;  // empty: a user made it
    bool is_probe = false;
  };
  bool is_spare(const Origin& machine) const;
  bool is_giving(const Origin& machine) const;
  bool may_go(const Uid& uid) const;
  bool may_stop(const Uid& uid) const;
  void violate(const std::string& what);

  WorldOptions options_;
  api::v1alpha1::ProxmoxClusterSpec cluster_;  // as users wrote it first
  SeededRandom lab_random_, user_random_;
  lab::Token token_;
  std::unique_ptr<Users> users_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::optional<std::pair<std::string, std::string>> kill_at_;

  std::map<std::string, Wanted> wanted_;
  std::map<std::string, WantedApp> wanted_apps_;
  // What users have ever asked for, by uid; a lost answer counts as asked.
  struct Asked {
    bool gone = false;
    bool stopped = false;
    int fewest = 1000;            // replicas of an App
    bool volumes_too = false;     // … whose volumes go with their containers
    bool takes_turns = false;     // … that has two sets of Machines during an update
    std::set<std::string> pages;  // that it was to serve
  };
  std::map<Uid, Asked> asked_;
  std::map<Uid, bool> green_apps_;              // which set of an App's Machines serves
  std::map<Uid, Origin> machines_;              // every Machine that was ever seen
  std::set<Uid> restored_away_;                 // their Machines were made after a restored backup
  std::set<Uid> retained_;                      // Machines whose containers stay when they go
  std::map<store::Key, Uid> acknowledged_;      // objects that must be there
  std::map<std::string, int64_t> seen_;         // Machines' revisions, as users have seen them
  std::set<Uid> created_;                       // all that were, ever
  std::map<VmId, std::string> strangers_;       // their configs
  std::set<VmId> managed_;                      // given to the HA manager
  std::map<VmId, std::set<std::string>> data_;  // volumes that something has run on
  std::map<VmId, Uid> seen_ours_;               // which VMIDs carried which of our marks
  std::map<Uid, std::set<VmId>> carriers_;      // the same, the other way round
  std::set<VmId> unseen_;  // guests that are to be looked at besides what changes
  std::set<Uid> alive_;
  std::map<Uid, std::vector<Time>> births_;
  std::map<std::string, Time> forgotten_since_;
  std::optional<Time> blind_since_;
  std::optional<Time> quorum_lost_at_;
  uint64_t guests_seen_ = 0;
  Time all_seen_;
  int64_t objects_seen_ = -1;
  bool doubts_ = true;               // everything is to be looked for again
  std::set<store::Key> looked_for_;  // objects that are to be there
  std::set<VmId> appeared_;          // containers whose Machine is to be there
  Time paths_checked_;
  std::vector<std::string> violations_;
  std::vector<lab::Lab::Write> writes_;
};

}  // namespace gantry::sim
