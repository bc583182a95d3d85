// What must hold at every moment, whatever goes wrong.
#include <algorithm>

#include "api/v1alpha1/proxmoxcluster.h"
#include "pkg/base/text.h"
#include "tests/sim/records.h"
#include "tests/sim/users.h"

namespace gantry::sim {
namespace {

using namespace std::chrono_literals;

// Calls may have been under way when a privilege was lost.
constexpr auto kInFlight = 150s;
// An object whose change has not been delivered yet has no place in a queue.
constexpr auto kForgottenFor = 15s;
constexpr auto kPathsEvery = 5s;

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool is_creation(const lab::Lab::Write& write) {
  return write.method == "POST" &&
         (ends_with(write.path, "/lxc") || ends_with(write.path, "/clone"));
}

bool is_destruction(const lab::Lab::Write& write) {
  if (write.who == "pct") return write.method == "destroy";
  return write.method == "DELETE" &&
         ends_with(write.path, "/lxc/" + std::to_string(write.vmid->get()));
}

bool is_stop(const lab::Lab::Write& write) {
  return ends_with(write.path, "/status/stop") || ends_with(write.path, "/status/shutdown");
}

}  // namespace

void World::violate(const std::string& what) {
  trace.note(clock.now(), "VIOLATION: " + what);
  violations_.push_back(what);
}

void World::look(Host* by) {
  look_at_writes(by);
  if (lab->changes() != guests_seen_) check_guests();
  if (disk.image.revision != objects_seen_) check_objects();
  if (clock.now() - paths_checked_ >= kPathsEvery) check_paths();
}

void World::look_at_writes(Host* by) {
  for (const auto& write : lab->take_writes()) {
    // "pct": the command channel, which only the daemon has.
    const bool ours = write.who == token_.id || write.who == "pct";
    trace.note(write.at, write.who + " " + write.method + " " + write.path +
                             (write.refused ? " (refused)" : ""));
    if (!ours) continue;
    if (by != nullptr && by->runs() && write.asked_at == clock.now())
      check_right_to_write(write, *by);
    if (write.refused) continue;  // Proxmox knew better; that we asked is all there is to judge
    writes_.push_back(write);
    check_write(write);
    const bool is_it = kill_at_.has_value() &&
                       (kill_at_->first.empty() || kill_at_->first == write.method) &&
                       write.path.find(kill_at_->second) != std::string::npos;
    if (is_it && by != nullptr && by->runs()) {
      kill_at_.reset();
      trace.note(clock.now(), by->name() + " is killed");
      reached.note("killed at a write");
      by->kill();
    }
  }
}

void World::check_write(const lab::Lab::Write& write) {
  check_budgets();
  if (write.who == "pct") reached.note("unlocked over the command channel");
  if (ends_with(write.path, "/clone")) reached.note("a clone of a golden template");
  if (write.at - write.asked_at > 30s) reached.note("a request executed late");
  if (!write.vmid.has_value() || is_creation(write)) return;
  const auto vmid = *write.vmid;
  if (strangers_.contains(vmid)) {
    violate("a stranger's guest was touched: " + write.method + " " + write.path);
    return;
  }
  const auto owner = seen_ours_.find(vmid);
  if (owner == seen_ours_.end()) return;
  if (!machines_.contains(owner->second)) see_what_users_have();
  if (is_destruction(write) && !may_go(owner->second)) {
    violate("a container was destroyed that nobody had deleted: " + write.path);
  }
  const auto guest = lab->find_guest(vmid);
  if (is_destruction(write) && guest.has_value() && guest->running) {
    violate("a container was destroyed while it ran: " + write.path);
  }
  if (is_stop(write) && !may_stop(owner->second)) {
    violate("a container was stopped that nobody wanted stopped: " + write.path);
  }
  const bool long_blind =
      blind && blind_since_.has_value() && clock.now() - *blind_since_ > kInFlight;
  if (long_blind && is_destruction(write)) {
    violate("a container was destroyed on incomplete information");
  }
}

// Only who holds the lease, and only on what it may trust.
void World::check_right_to_write(const lab::Lab::Write& write, const Host& by) {
  const auto& leases = disk.image.leases;
  const bool holds = std::ranges::any_of(leases, [&](const auto& entry) {
    return entry.second.state.holder == by.holder() && entry.second.expires_at > clock.now();
  });
  if (!holds) violate(by.name() + " writes without the lease: " + write.path);
  const auto gate = by.daemon()->gate();
  // When a command over ssh was asked for is not known; it may have been on its way for a while.
  const auto asked_at = write.who == "pct" ? clock.now() - kInFlight : clock.now();
  const bool closed_long =
      !gate.ok() && by.gate_closed_since().has_value() && *by.gate_closed_since() < asked_at;
  if (closed_long) {
    violate(by.name() + " writes through a closed gate: " + write.path + ": " + message_of(gate));
  }
}

void World::check_guests() {
  guests_seen_ = lab->changes();
  if (blind && !blind_since_.has_value()) blind_since_ = clock.now();
  if (!blind) blind_since_.reset();
  std::map<Uid, std::vector<VmId>> carriers;
  std::set<VmId> present;
  for (const auto& guest : lab->guests()) {
    present.insert(guest.vmid);
    if (const auto known = strangers_.find(guest.vmid); known != strangers_.end()) {
      if (!known->second.empty() && known->second != text_of(guest)) {
        violate("a stranger's guest was changed: " + std::to_string(guest.vmid.get()));
        strangers_[guest.vmid] = text_of(guest);
      }
      continue;
    }
    if (const auto uid = uid_of(guest)) {
      auto& known = seen_ours_[guest.vmid];
      if (known != *uid) something_went_ = true;
      known = *uid;
    }
    // A person may have damaged the mark since.
    const auto ours = seen_ours_.find(guest.vmid);
    if (ours != seen_ours_.end()) carriers[ours->second].push_back(guest.vmid);
  }
  std::erase_if(seen_ours_, [&](const auto& entry) { return !present.contains(entry.first); });
  for (const auto& [uid, vmids] : carriers) {
    if (vmids.size() > 1) violate("more than one container of the Machine " + uid.get());
  }
  for (const auto& [vmid, config] : strangers_) {
    const bool is_being_made = config.empty();
    if (!is_being_made && !present.contains(vmid)) {
      violate("a stranger's guest has gone: " + std::to_string(vmid.get()));
    }
  }
  check_births(carriers);
}

// What is made again counts against the budget of repairs.
void World::check_births(const std::map<Uid, std::vector<VmId>>& carriers) {
  const size_t most =
      1 + static_cast<size_t>(api::v1alpha1::ClusterLimits().repairs_per_object_per_hour);
  for (const auto& [uid, vmids] : carriers) {
    if (!alive_.insert(uid).second) continue;
    auto& births = births_[uid];
    std::erase_if(births, [this](Time birth) { return clock.now() - birth > 1h; });
    births.push_back(clock.now());
    if (births.size() > 1) reached.note("a destroyed container made again");
    if (births.size() > most) {
      violate(absl::StrFormat("the container of %s was made %d times within an hour", uid.get(),
                              births.size()));
    }
  }
  std::erase_if(alive_, [&](const Uid& uid) { return !carriers.contains(uid); });
}

// So that looking costs what has changed: what is missing can only be so after a removal.
void World::see_changes() {
  const auto& image = disk.image;
  const bool is_followed = objects_seen_ >= image.trimmed_to && objects_seen_ <= image.revision;
  something_went_ = something_went_ || !is_followed;
  for (auto entry = image.feed.rbegin(); entry != image.feed.rend(); ++entry) {
    if (entry->revision <= objects_seen_) break;
    if (entry->type == store::WriteType::erase) something_went_ = true;
    if (entry->key.resource == kMachines) see_machine(entry->uid, entry->text);
    if (entry->key.resource == kClusters) see_reasons(entry->text);
  }
  objects_seen_ = image.revision;
}

void World::see_machine(const Uid& uid, std::string_view text) {
  if (text.find(R"("deletionPolicy":"Retain")") != text.npos) retained_.insert(uid);
  see_reasons(text);
}

// The text of an object is canonical: nothing is parsed.
void World::see_reasons(std::string_view text) {
  constexpr std::string_view kReason = R"("reason":")";
  for (auto at = text.find(kReason); at != text.npos; at = text.find(kReason)) {
    text.remove_prefix(at + kReason.size());
    reached.note(text.substr(0, text.find('"')));
  }
}

void World::check_objects() {
  see_changes();
  if (!something_went_) return;
  something_went_ = false;
  for (const auto& [key, uid] : acknowledged_) {
    const auto row = disk.image.objects.find(key);
    if (row != disk.image.objects.end() && row->second.uid == uid) continue;
    violate("what was acknowledged has gone: " + store::to_string(key));
    acknowledged_.erase(key);
    break;
  }
  check_finalizers();
}

// A Machine goes after its container, but for one that is to stay.
void World::check_finalizers() {
  std::set<Uid> there;
  for (const auto& [key, row] : disk.image.objects) {
    if (key.resource == kMachines) there.insert(row.uid);
  }
  for (const auto& [vmid, uid] : seen_ours_) {
    if (!machines_.contains(uid) || restored_away_.contains(uid)) continue;
    if (retained_.contains(uid) || there.contains(uid) || !lab->find_guest(vmid)) continue;
    violate(absl::StrFormat("the Machine of container %d went before it", vmid.get()));
    machines_.erase(uid);
    break;
  }
}

void World::check_rows() {
  api::v1alpha1::ProxmoxClusterSpec cluster;
  if (options_.cluster) options_.cluster(cluster);
  std::set<VmId> vmids;
  std::set<Uid> uids;
  int64_t highest = 0, lowest_released = 1 << 30;
  for (const auto& row : disk.image.guests) {
    if (row.released_at.has_value()) {
      lowest_released = std::min(lowest_released, row.vmid.get());
      continue;
    }
    highest = std::max(highest, row.vmid.get());
    const bool too_soon = std::ranges::any_of(disk.image.guests, [&](const auto& old) {
      return old.vmid == row.vmid && old.uid != row.uid && old.released_at.has_value() &&
             clock.now() - *old.released_at < cluster.vmid_quarantine;
    });
    if (too_soon) violate(absl::StrFormat("VMID %d was given out again at once", row.vmid.get()));
    if (!vmids.insert(row.vmid).second) {
      violate(absl::StrFormat("VMID %d is reserved twice", row.vmid.get()));
    }
    if (!uids.insert(row.uid).second) violate("two VMIDs are reserved for " + row.uid.get());
  }
  if (highest > lowest_released) reached.note("a quarantined VMID passed over");
}

void World::check_budgets() {
  // A task whose answer was lost counts from when the inventory has seen it.
  constexpr size_t kUnseen = 2;
  const auto most = kUnseen + static_cast<size_t>(api::v1alpha1::ClusterLimits().tasks_per_node);
  for (int number = 1; number <= options_.nodes; ++number) {
    const NodeName node("pve" + std::to_string(number));
    const auto running = lab->running_tasks(node, token_.id);
    if (running > most) {
      violate(absl::StrFormat("%d of our tasks run on %s", running, node.get()));
    }
  }
}

// Every object is queued, in work or due at some time: none is forgotten.
void World::check_paths() {
  paths_checked_ = clock.now();
  check_rows();
  const auto* daemon = leader();
  const auto forgotten = daemon == nullptr ? std::vector<std::string>() : daemon->forgotten();
  std::erase_if(forgotten_since_, [&](const auto& entry) {
    return std::ranges::find(forgotten, entry.first) == forgotten.end();
  });
  for (const auto& object : forgotten) {
    const auto since = forgotten_since_.try_emplace(object, clock.now()).first->second;
    if (clock.now() - since < kForgottenFor) continue;
    violate("nothing will ever look at " + object + " again");
    forgotten_since_[object] = clock.now() + 24h;  // said once
  }
}

}  // namespace gantry::sim
