// What must hold at every moment, whatever goes wrong.
#include <algorithm>

#include "controllers/machineclass/probe.h"
#include "pkg/base/search.h"
#include "pkg/base/text.h"
#include "tests/sim/objects.h"
#include "tests/sim/records.h"
#include "tests/sim/users.h"

namespace gantry::sim {
namespace {

using namespace std::chrono_literals;

// Calls may have been under way when a privilege was lost.
constexpr auto kInFlight = 150s;
// So old what a daemon believes of the quorum may be (a minute), and a call on its way.
constexpr auto kQuorumKnown = 75s;
// An object whose change has not been delivered yet has no place in a queue.
constexpr auto kForgottenFor = 15s;
constexpr auto kPathsEvery = 5s;
// Guests that have changed are looked at at once; all, should the lab have forgotten to say so.
constexpr auto kAllEvery = 2min;

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
  // A node that stands alone tells nobody.
  if (lab->is_quorate() || options_.nodes == 1)
    quorum_lost_at_.reset();
  else if (!quorum_lost_at_)
    quorum_lost_at_ = clock.now();
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
    const bool is_late = quorum_lost_at_ && write.asked_at - *quorum_lost_at_ > kQuorumKnown;
    if (is_late && is_destruction(write) && write.who != "pct") {
      violate("a destroy was asked for without quorum: " + write.path);
    }
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
  if (is_destruction(write) && data_.contains(vmid) && !may_lose_data(owner->second)) {
    violate("data was destroyed that nobody wanted destroyed: " + write.path);
  }
  if (ends_with(write.path, "/config")) check_volumes(vmid);
  const auto guest = lab->find_guest(vmid);
  check_copies(write, guest);
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

// Snapshots of people are nobody else's business, and nothing is put back under what runs.
void World::check_copies(const lab::Lab::Write& write,
                         const std::optional<lab::GuestRecord>& guest) {
  if (ends_with(write.path, "/snapshot")) reached.note("a snapshot before an update");
  if (ends_with(write.path, "/vzdump")) reached.note("a backup as a copy of what was there");
  const bool removes = write.method == "DELETE" && write.path.find("/snapshot/") != write.path.npos;
  if (removes && write.path.find("/snapshot/gantry-") == write.path.npos) {
    violate("a person's snapshot was removed: " + write.path);
  }
  if (!ends_with(write.path, "/rollback")) return;
  reached.note("data was put back");
  if (guest.has_value() && guest->running) {
    violate("a container that ran was rolled back: " + write.path);
  }
}

// Only who holds the lease, and only on what it may trust.
void World::check_right_to_write(const lab::Lab::Write& write, const Host& by) {
  const auto& leases = disk.image.leases;
  const bool holds = std::ranges::any_of(leases, [&](const auto& entry) {
    return entry.second.state.holder == by.holder() && entry.second.expires_at > clock.now();
  });
  // A command over ssh may come late: the node itself proves that it clears away what that one dead
  // task left, and leading is a part of the gate.
  const bool is_command = write.who == "pct";
  if (!holds && !is_command) violate(by.name() + " writes without the lease: " + write.path);
  const auto gate = by.daemon()->gate();
  // When a command over ssh was asked for is not known; it may have been on its way for a while.
  const auto asked_at = is_command ? clock.now() - kInFlight : clock.now();
  const bool closed_long =
      !gate.ok() && by.gate_closed_since().has_value() && *by.gate_closed_since() < asked_at;
  if (closed_long) {
    violate(by.name() + " writes through a closed gate: " + write.path + ": " + message_of(gate));
  }
}

// Costs what has changed: a thousand containers are no reason to look at all of them each time.
void World::check_guests() {
  if (blind && !blind_since_.has_value()) blind_since_ = clock.now();
  if (!blind) blind_since_.reset();
  guests_seen_ = lab->changes();
  unseen_.merge(lab->take_changed_guests());
  if (clock.now() - all_seen_ >= kAllEvery) {
    for (const auto& guest : lab->guests()) unseen_.insert(guest.vmid);
    all_seen_ = clock.now();
  }
  std::set<Uid> touched;
  for (const auto vmid : std::exchange(unseen_, {})) {
    const auto guest = lab->find_guest(vmid);
    if (strangers_.contains(vmid)) {
      check_stranger(vmid, guest);
    } else {
      see_guest(vmid, guest, touched);
      see_volumes(vmid, guest);
    }
  }
  for (const auto& uid : touched) check_carriers(uid);
}

void World::check_stranger(VmId vmid, const std::optional<lab::GuestRecord>& guest) {
  auto& known = strangers_.at(vmid);
  const bool is_being_made = known.empty();
  if (is_being_made) return;
  if (!guest.has_value()) {
    violate("a stranger's guest has gone: " + std::to_string(vmid.get()));
  } else if (known != text_of(*guest)) {
    violate("a stranger's guest was changed: " + std::to_string(vmid.get()));
    known = text_of(*guest);
  }
}

// Adds whose container it is or was to `touched`.
void World::see_guest(VmId vmid, const std::optional<lab::GuestRecord>& guest,
                      std::set<Uid>& touched) {
  const auto known = seen_ours_.find(vmid);
  const auto before = known == seen_ours_.end() ? std::nullopt : std::optional(known->second);
  // A person may have damaged the mark since.
  auto uid = guest.has_value() ? uid_of(*guest) : std::nullopt;
  if (guest.has_value() && !uid.has_value()) uid = before;
  if (uid == before) return;
  if (before.has_value()) {
    seen_ours_.erase(vmid);
    carriers_[*before].erase(vmid);
    touched.insert(*before);
  }
  if (!uid.has_value()) return;
  appeared_.insert(vmid);
  seen_ours_[vmid] = *uid;
  carriers_[*uid].insert(vmid);
  touched.insert(*uid);
}

// Only volumes that something has run on matter: until then they are empty.
void World::see_volumes(VmId vmid, const std::optional<lab::GuestRecord>& guest) {
  if (!guest.has_value()) {
    data_.erase(vmid);
    return;
  }
  auto volumes = volumes_of(*guest);
  if (volumes.empty() && !data_.contains(vmid)) return;
  auto* system = backend.inside(vmid);
  const bool has_data = system != nullptr && system->files.contains(kKeptPath);
  // What was handed over is where its data is now.
  if (volumes.empty() && !has_data) data_.erase(vmid);
  const bool is_run = guest->running && seen_ours_.contains(vmid);
  if (volumes.empty() || !(data_.contains(vmid) || has_data || is_run)) return;
  data_[vmid] = std::move(volumes);
  if (system != nullptr) system->files[kKeptPath].content = "kept";
}

// A setting of ours must leave them in the config, mounted or not.
void World::check_volumes(VmId vmid) {
  const auto known = data_.find(vmid);
  const auto guest = lab->find_guest(vmid);
  if (known == data_.end() || !guest.has_value()) return;
  const auto volumes = volumes_of(*guest);
  for (const auto& volume : known->second) {
    if (!volumes.contains(volume)) violate("volume " + volume + " was taken off");
  }
}

// What is made again counts against the budget of repairs.
void World::check_carriers(const Uid& uid) {
  const auto most = 1 + static_cast<size_t>(cluster_.limits.repairs_per_object_per_hour);
  const auto count = carriers_[uid].size();
  if (count > 1) violate("more than one container of the Machine " + uid.get());
  if (count == 0) alive_.erase(uid);
  if (count == 0 || !alive_.insert(uid).second) return;
  auto& births = births_[uid];
  std::erase_if(births, [this](Time birth) { return clock.now() - birth > 1h; });
  births.push_back(clock.now());
  if (births.size() > 1) reached.note("a destroyed container made again");
  if (births.size() > most) {
    violate(absl::StrFormat("the container of %s was made %d times within an hour", uid.get(),
                            births.size()));
  }
}

// So that looking costs what has changed: what is missing can only be so after a removal, or when
// it was never there.
void World::see_changes() {
  const auto& image = disk.image;
  const bool is_followed = objects_seen_ >= image.trimmed_to && objects_seen_ <= image.revision;
  doubts_ = doubts_ || !is_followed;
  std::set<Uid> apps;  // the newest word of each
  for (auto entry = image.feed.rbegin(); entry != image.feed.rend(); ++entry) {
    if (entry->revision <= objects_seen_) break;
    const bool went = entry->type == store::WriteType::erase;
    if (went) looked_for_.insert(entry->key);
    if (went && carriers_.contains(entry->uid)) appeared_.merge(std::set(carriers_[entry->uid]));
    if (entry->key.resource == kMachines) see_machine(entry->uid, entry->text);
    if (entry->key.resource == kApps && !went && apps.insert(entry->uid).second)
      see_slot(entry->uid, entry->text, is_followed);
    for (const auto* told : {kClusters, kApps, kAppliances})
      if (entry->key.resource == told) see_reasons(entry->text);
  }
  objects_seen_ = image.revision;
}

void World::see_machine(const Uid& uid, std::string_view text) {
  if (has_text(text, R"("deletionPolicy":"Retain")")) retained_.insert(uid);
  see_reasons(text);
}

// The text of an object is canonical: nothing is parsed.
void World::see_reasons(std::string_view text) {
  constexpr std::string_view kReason = R"("reason":")";
  for (auto at = find_text(text, kReason); at != text.npos; at = find_text(text, kReason)) {
    text.remove_prefix(at + kReason.size());
    reached.note(text.substr(0, text.find('"')));
  }
}

void World::check_objects() {
  see_changes();
  if (std::exchange(doubts_, false)) {
    for (const auto& [key, uid] : acknowledged_) looked_for_.insert(key);
    for (const auto& [vmid, uid] : seen_ours_) appeared_.insert(vmid);
  }
  for (const auto& key : std::exchange(looked_for_, {})) check_acknowledged(key);
  for (const auto vmid : std::exchange(appeared_, {})) check_finalizer(vmid);
}

void World::check_acknowledged(const store::Key& key) {
  const auto known = acknowledged_.find(key);
  if (known == acknowledged_.end()) return;
  const auto row = disk.image.objects.find(key);
  if (row != disk.image.objects.end() && row->second.uid == known->second) return;
  violate("what was acknowledged has gone: " + store::to_string(key));
  acknowledged_.erase(known);
}

// A Machine goes after its container, but for one that is to stay.
void World::check_finalizer(VmId vmid) {
  const auto ours = seen_ours_.find(vmid);
  if (ours == seen_ours_.end() || !lab->find_guest(vmid)) return;
  const auto& uid = ours->second;
  const auto origin = machines_.find(uid);
  if (origin == machines_.end() || restored_away_.contains(uid) || retained_.contains(uid)) return;
  const auto* ns =
      origin->second.is_probe ? controllers::machineclass::kProbeNamespace : kNamespace;
  const auto row = disk.image.objects.find({kMachines, ns, origin->second.name});
  if (row != disk.image.objects.end() && row->second.uid == uid) return;
  violate(absl::StrFormat("the Machine of container %d went before it", vmid.get()));
  machines_.erase(origin);
}

void World::check_rows() {
  std::multimap<VmId, const store::GuestRow*> released;
  for (const auto& row : disk.image.guests) {
    if (row.released_at.has_value()) released.emplace(row.vmid, &row);
  }
  std::set<VmId> vmids;
  std::set<Uid> uids;
  for (const auto& row : disk.image.guests) {
    if (row.released_at.has_value()) continue;
    const auto [first, last] = released.equal_range(row.vmid);
    const bool too_soon = std::any_of(first, last, [&](const auto& old) {
      return old.second->uid != row.uid &&
             clock.now() - *old.second->released_at < cluster_.vmid_quarantine;
    });
    if (too_soon) violate(absl::StrFormat("VMID %d was given out again at once", row.vmid.get()));
    if (!vmids.insert(row.vmid).second) {
      violate(absl::StrFormat("VMID %d is reserved twice", row.vmid.get()));
    }
    if (!uids.insert(row.uid).second) violate("two VMIDs are reserved for " + row.uid.get());
  }
  const bool passed_over =
      !vmids.empty() && !released.empty() && *vmids.rbegin() > released.begin()->first;
  if (passed_over) reached.note("a quarantined VMID passed over");
}

void World::check_budgets() {
  // A task whose answer was lost counts from when the inventory has seen it.
  constexpr size_t kUnseen = 2;
  const auto most = kUnseen + static_cast<size_t>(cluster_.limits.tasks_per_node);
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
