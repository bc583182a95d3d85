#pragma once
// Disk: what outlives a daemon in a simulation, and the faults of its database.
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pkg/async/clock.h"
#include "pkg/async/waiters.h"
#include "pkg/store/backend.h"
#include "pkg/store/guests.h"
#include "pkg/store/lease.h"

namespace gantry::store::memory {

// What happens to one call.
enum class Fault {
  none,
  fail,         // Transport, without effect
  lose_answer,  // Transport, after the effect
};

// Everything that is durable; a copy of it is a backup.
struct Image {
  struct Row {
    Uid uid;
    int64_t revision = 0;
    std::string text;
  };
  struct Lease {
    LeaseState state;
    Time expires_at;
  };
  std::map<Key, Row> objects;
  std::deque<FeedEntry> feed;
  int64_t revision = 0;
  int64_t trimmed_to = 0;  // the feed begins after this revision
  std::vector<GuestRow> guests;
  std::map<std::string, Lease> leases;
};

// Shared by all Databases opened on it; must outlive them. Deterministic; not thread-safe.
class Disk {
 public:
  explicit Disk(async::Clock& clock, std::string installation = "6f1c1b52-simulated");

  // Faults. Each call of a driver asks first `down`, then `fail_next`, then `decide`.
  bool down = false;
  Duration latency{};  // half before the effect, half after it
  std::function<Fault(std::string_view operation)> decide;
  void fail_next(Fault fault, int calls = 1);
  // Drops the feed up to that revision, as retention does.
  void trim_feed(int64_t revision);
  // A backup and its restoration, while daemons run or not.
  Image snapshot() const { return image; }
  void restore(Image backup);

  // For drivers. enter() before the effect, leave() after it with what enter() said.
  Async<Result<Fault>> enter(std::string operation);
  Async<Status> leave(Fault fault, std::string operation);
  async::Clock& clock() { return clock_; }
  const std::string& installation() const { return installation_; }

  Image image;
  async::Waiters changed;  // the feed has grown

 private:
  Fault next_fault(const std::string& operation);
  async::Clock& clock_;
  std::string installation_;
  std::deque<Fault> planned_;
};

}  // namespace gantry::store::memory
