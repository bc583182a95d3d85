#pragma once
// What is observed of one Proxmox cluster: how complete it is, how old it is.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pkg/async/event.h"
#include "pkg/pve/types.h"

namespace gantry::inventory {

// One cycle's picture of a cluster. Immutable once published.
struct Snapshot {
  uint64_t cycle = 0;  // 0: nothing has been observed yet
  Time observed_at;    // when this cycle began
  Time steady_at;      // the same by the steady clock: for ages
  // How long the quickest of the last three cycles took, this one included; zero before the third.
  Duration took{};
  // Every call of the cycle succeeded and the answers agree with each other.
  bool complete = false;
  bool quorate = false;
  // /access/permissions shows every privilege we need, and while we own guests that should be
  // there at least one of them is listed.
  bool canary_passed = false;
  // Guests that carry our installation's mark and a uid that our database has never had: it is
  // older than the cluster (yesterday's, restored), and knows nothing of what is newer.
  std::vector<VmId> newer_than_database;
  // Why one of these is not as it should be, as a Status with its class and catalogue code; OK
  // otherwise.
  Status problem;
  // Which calls of this cycle were answered with what was asked for.
  bool cluster_read = false, permissions_read = false, guests_read = false;
  // Cycles in a row, up to this one, in which nothing answered, or not to our credentials.
  int unanswered_cycles = 0;

  std::optional<pve::Version> version;
  pve::ClusterStatus cluster;
  std::map<VmId, pve::GuestRow> guests;  // lxc and qemu
  std::map<NodeName, pve::NodeRow> nodes;
  std::vector<pve::StorageRow> storages;
  std::map<NodeName, std::vector<std::string>> bridges;
  std::vector<pve::Task> running_tasks;
  std::set<std::string> missing_privileges;  // "/pool/gantry: VM.Audit"
  std::string grant;                         // the commands that grant them: grant_lines()

  bool trustworthy() const {
    return complete && quorate && canary_passed && newer_than_database.empty();
  }
  // One lost request is no outage.
  bool out_of_reach() const { return unanswered_cycles >= 2; }
};

// What is known about one guest's existence. Design rule 1.
enum class Presence { present, absent, unknown };

struct Sighting {
  Presence presence = Presence::unknown;
  std::string reason;                  // why unknown, or what the proof of absence is
  std::optional<pve::GuestRow> guest;  // the last row seen, also when now unknown
  Time seen_at;                        // when that row was observed
  std::optional<Uid> owner;            // the Machine that our rows of the last cycle reserve it for
};

// The vanish guard: more than 5 and more than 20 % of our guests gone or foreign at once.
struct VanishGuard {
  bool tripped = false;
  size_t owned = 0;
  size_t vanished = 0;
};

// Read side; what controllers get. All calls answer from memory.
class Inventory {
 public:
  virtual ~Inventory() = default;
  // The last cycle, whatever its quality. Never null.
  virtual std::shared_ptr<const Snapshot> current() const = 0;
  // The last trustworthy one; null when there never was one.
  virtual std::shared_ptr<const Snapshot> last_good() const = 0;
  // Absent only when two trustworthy cycles at least 20 s apart agree and no running task of any
  // of them names the guest.
  virtual Sighting sight(VmId vmid) const = 0;
  virtual VanishGuard vanish_guard() const = 0;
  // Asks for a cycle soon (a write has just been made).
  virtual void poke() = 0;
  // Returns after the next cycle has been published; kCancelled.
  virtual Async<Status> wait_for_next() = 0;
};

}  // namespace gantry::inventory
