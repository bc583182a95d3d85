#pragma once
// Reflector: keeps the picture of one cluster by asking it again and again.
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/base/random.h"
#include "pkg/inventory/completeness.h"
#include "pkg/inventory/grants.h"
#include "pkg/inventory/inventory.h"
#include "pkg/inventory/presence.h"
#include "pkg/inventory/privileges.h"
#include "pkg/pve/client.h"

namespace gantry::inventory {

// Which guests are ours: implemented over the store, asked once a cycle.
class OwnedGuests {
 public:
  virtual ~OwnedGuests() = default;
  // The live rows of this cluster. On an error the last answer is used again; until there was one
  // no cycle is trustworthy.
  virtual Async<Result<std::vector<OwnedGuest>>> list() = 0;
  // Whether our database has ever had that uid.
  virtual Async<Result<bool>> knows(Uid uid) = 0;
};

struct ReflectorOptions {
  Duration period = std::chrono::seconds(5);
  double jitter = 0.1;  // of every pause, up or down
  Duration back_off_max = std::chrono::seconds(60);
  Duration gap_min = std::chrono::milliseconds(500);  // between cycles, however often poked
  Duration version_every = std::chrono::minutes(5);
  Duration bridges_every = std::chrono::minutes(1);
  std::vector<Need> needs;   // privilege_needs()
  Grantee grantee;           // who needs them
  std::string installation;  // of our mark; empty: nobody looks for guests that we forgot
  std::optional<ClusterIdentity> identity;  // which cluster it was before; else the first to answer
};

// Per cycle: /cluster/status, /access/permissions, /cluster/resources, and the running tasks of
// each node that is online; now and then the version and the bridges. While the cluster cannot be
// reached the pauses grow, with jitter. Keeps the current and the last good snapshot, and what the
// cycles of the last 20 s bear witness to. Not thread-safe; everything it is given must outlive it.
class Reflector final : public Inventory {
 public:
  Reflector(pve::Reader& reader, async::Clock& clock, Random& random, OwnedGuests& owned,
            ReflectorOptions options);

  // Runs cycles until cancelled; then kCancelled.
  Async<Status> run();
  // One cycle, published: for tests and tools that do not run() it. kCancelled.
  Async<Status> cycle();

  std::shared_ptr<const Snapshot> current() const override { return current_; }
  std::shared_ptr<const Snapshot> last_good() const override { return last_good_; }
  Sighting sight(VmId vmid) const override;
  VanishGuard vanish_guard() const override { return vanish_guard_; }
  void poke() override { poked_.set(); }
  Async<Status> wait_for_next() override;

 private:
  struct Draft;  // a cycle under way
  struct Seen {
    pve::GuestRow row;
    Time at;
    Time steady_at;
  };
  Async<Status> read_version(Draft& draft);
  Async<Status> read_cluster(Draft& draft);
  Async<Status> read_permissions(Draft& draft);
  Async<Status> read_resources(Draft& draft);
  Async<Status> read_nodes(Draft& draft);
  Async<Status> read_owned(Draft& draft);
  // Of guests with a mark that is in no row of ours: are they newer than our database?
  Async<Status> look_for_newer(Draft& draft);
  Async<Result<std::optional<Uid>>> find_newer_mark(NodeName node, VmId vmid);
  void publish(Draft& draft);
  void remember(const Draft& draft);
  void mark_established();
  Duration pause();
  Async<Status> wait_for_turn();

  pve::Reader& reader_;
  async::Clock& clock_;
  Random& random_;
  OwnedGuests& owned_source_;
  ReflectorOptions options_;

  std::shared_ptr<const Snapshot> current_;
  std::shared_ptr<const Snapshot> last_good_;
  std::deque<Witness> witnesses_;
  std::map<VmId, Seen> seen_;                // last rows
  std::set<std::pair<VmId, Uid>> harmless_;  // marks that others have put where they are
  std::map<VmId, Uid> newer_;  // guests that have proven our database to be older than they are
  std::optional<ClusterIdentity> identity_;
  std::vector<OwnedGuest> owned_;
  bool owned_known_ = false;
  std::set<Uid> established_;  // owned guests that this process has seen
  VanishGuard vanish_guard_;
  uint64_t cycles_ = 0;
  std::deque<Duration> took_;  // by the last cycles
  int failures_ = 0;           // cycles in a row in which the cluster could not be read
  std::optional<Time> version_read_at_, bridges_read_at_;
  async::Event poked_;
  async::Waiters waiting_;
};

}  // namespace gantry::inventory
