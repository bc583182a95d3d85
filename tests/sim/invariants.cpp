// What must hold at every moment, whatever goes wrong; and what must hold in the end.
#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/pve/mark.h"
#include "tests/sim/world.h"

namespace gantry::sim {
namespace {

using namespace std::chrono_literals;

// Calls may have been under way when a privilege was lost.
constexpr auto kInFlight = 150s;

std::string text_of(const lab::GuestRecord& guest) {
  std::string text = guest.pool + (guest.running ? " running" : " stopped");
  for (const auto& [key, value] : guest.config) text += "\n" + key + ": " + value;
  return text;
}

std::optional<Uid> uid_of(const lab::GuestRecord& guest) {
  const auto description = guest.config.find("description");
  if (description != guest.config.end()) {
    if (const auto mark = pve::find_mark(description->second)) return mark->uid;
  }
  return std::nullopt;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool is_guest_path(const std::string& path, VmId vmid) {
  return ends_with(path, "/lxc/" + std::to_string(vmid.get()));
}

}  // namespace

void World::violate(const std::string& what) {
  trace.note(clock.now(), "VIOLATION: " + what);
  violations_.push_back(what);
}

void World::look_at_writes() {
  const auto writes = lab->take_writes();
  for (const auto& write : writes) {
    // "pct": the command channel, which only the daemon has.
    const bool ours = write.who == token_.id || write.who == "pct";
    trace.note(write.at, write.who + " " + write.method + " " + write.path);
    if (!ours) continue;
    writes_.push_back(write);
    check_write(write);
    const bool is_it = kill_at_.has_value() &&
                       (kill_at_->first.empty() || kill_at_->first == write.method) &&
                       write.path.find(kill_at_->second) != std::string::npos;
    if (is_it && daemon_runs()) {
      kill_at_.reset();
      kill_daemon();
    }
  }
  if (!writes.empty()) check_guests();
}

void World::check_write(const lab::Lab::Write& write) {
  if (!write.vmid.has_value()) return;
  const auto vmid = *write.vmid;
  const bool creates = write.method == "POST" && ends_with(write.path, "/lxc");
  if (creates) return;
  if (strangers_.contains(vmid)) {
    violate("a stranger's guest was touched: " + write.method + " " + write.path);
    return;
  }
  const auto owner = seen_ours_.find(vmid);
  if (owner == seen_ours_.end()) return;
  const bool destroys = write.method == "DELETE" && is_guest_path(write.path, vmid);
  if (destroys && !ever_wanted_gone_.contains(owner->second)) {
    violate("a container was destroyed that nobody had deleted: " + write.path);
  }
  const bool stops =
      ends_with(write.path, "/status/stop") || ends_with(write.path, "/status/shutdown");
  const bool may_stop =
      ever_wanted_gone_.contains(owner->second) || ever_wanted_stopped_.contains(owner->second);
  if (stops && !may_stop) {
    violate("a container was stopped that nobody wanted stopped: " + write.path);
  }
  const bool long_blind = blind_since_.has_value() && clock.now() - *blind_since_ > kInFlight;
  if (long_blind && destroys) violate("a container was destroyed on incomplete information");
}

void World::check_guests() {
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
    const auto uid = uid_of(guest);
    if (!uid.has_value()) continue;
    carriers[*uid].push_back(guest.vmid);
    seen_ours_[guest.vmid] = *uid;
  }
  for (const auto& [uid, vmids] : carriers) {
    if (vmids.size() > 1) violate("more than one container of the Machine " + uid.get());
  }
  for (const auto& [vmid, config] : strangers_) {
    const bool is_being_made = config.empty();
    if (!is_being_made && !present.contains(vmid)) {
      violate("a stranger's guest has gone: " + std::to_string(vmid.get()));
    }
  }
}

void World::put_stranger(VmId vmid) {
  lab::GuestRecord guest;
  guest.vmid = vmid;
  guest.node = NodeName("pve1");
  guest.config = {{"hostname", "other"}, {"memory", "512"}, {"ostype", "debian"}};
  if (lab->find_guest(vmid).has_value() || !lab->put_guest(guest).ok()) return;
  trace.note(clock.now(), "a stranger's guest appears at " + std::to_string(vmid.get()));
  strangers_[vmid] = text_of(*lab->find_guest(vmid));
}

void World::copy_guest(VmId source, VmId target) {
  if (lab->find_guest(target).has_value() || !lab->find_guest(source).has_value()) return;
  trace.note(clock.now(), "a person copies " + std::to_string(source.get()) + " to " +
                              std::to_string(target.get()));
  // Known as a copy before it is there: its mark is no evidence.
  strangers_[target] = "";
  bool copied = false;
  auto copy = lab->copy_guest(source, target);
  auto shared = std::make_shared<Async<Status>>(std::move(copy));
  perform([shared, &copied]() -> Async<Status> {
    auto status = co_await std::move(*shared);
    copied = status.ok();
    co_return status;
  });
  const auto guest = lab->find_guest(target);
  if (copied && guest.has_value()) {
    strangers_[target] = text_of(*guest);
  } else {
    strangers_.erase(target);
  }
}

bool World::is_unproven(const std::string& name) const {
  const auto vmid = vmid_of(name);
  const auto guest = vmid.has_value() ? lab->find_guest(*vmid) : std::nullopt;
  if (!guest.has_value()) return false;
  const auto& uid = wanted_.at(name).uid;
  if (uid_of(*guest) == uid) return false;
  const auto tags = guest->config.find("tags");
  return tags == guest->config.end() || tags->second.find(pve::to_tag(uid)) == std::string::npos;
}

std::vector<std::string> World::unmet() const {
  std::vector<std::string> unmet;
  for (const auto& [name, wish] : wanted_) {
    const auto object = machine(name);
    // Somebody else has its id since a person destroyed it: held for ever, by rule.
    const auto id = vmid_of(name);
    if (id.has_value() && is_stranger(*id)) continue;
    if (!wish.exists) {
      if (object.has_value() && !is_unproven(name)) unmet.push_back(name + " is not gone");
      continue;
    }
    if (!object.has_value()) {
      unmet.push_back(name + " is missing");
      continue;
    }
    if (wish.unproven && is_unproven(name)) continue;
    const auto vmid = vmid_of(name);
    const auto guest = vmid.has_value() ? lab->find_guest(*vmid) : std::nullopt;
    if (!guest.has_value()) {
      unmet.push_back(name + " has no container");
    } else if (guest->running != wish.running) {
      unmet.push_back(name + (guest->running ? " runs" : " does not run"));
    }
    const auto* conditions = object->find_path({"status", "conditions"});
    if (conditions == nullptr) continue;
    for (const auto& condition : conditions->as_array()) {
      const auto type = condition.string_or("type", "");
      const bool good = condition.string_or("status", "") == (type == "Ready" ? "True" : "False");
      if ((type == "Ready" || type == "Drifted") && !good) {
        unmet.push_back(name + " " + type + ": " + condition.string_or("reason", "") + ": " +
                        condition.string_or("message", ""));
      }
    }
  }
  return unmet;
}

std::vector<std::string> World::leaks() const {
  std::vector<std::string> leaks;
  std::set<Uid> live;
  std::set<VmId> held;
  for (const auto& [name, wish] : wanted_) {
    if (wish.exists || is_unproven(name)) live.insert(wish.uid);
    if (const auto vmid = vmid_of(name)) {
      held.insert(*vmid);
      if (is_stranger(*vmid)) live.insert(wish.uid);
    }
  }
  std::set<VmId> present;
  for (const auto& guest : lab->guests()) {
    present.insert(guest.vmid);
    if (strangers_.contains(guest.vmid) || held.contains(guest.vmid)) continue;
    leaks.push_back("container " + std::to_string(guest.vmid.get()));
  }
  for (const auto& volume : lab->volumes()) {
    if (!present.contains(volume.vmid)) leaks.push_back("volume " + volume.volid);
  }
  for (const auto& row : disk.image.guests) {
    if (!row.released_at.has_value() && !live.contains(row.uid)) {
      leaks.push_back("row of VMID " + std::to_string(row.vmid.get()));
    }
  }
  return leaks;
}

}  // namespace gantry::sim
