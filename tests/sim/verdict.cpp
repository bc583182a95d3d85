// What must hold in the end: everything as users want it, and nothing left over.
#include <algorithm>

#include "pkg/pve/mark.h"
#include "tests/sim/objects.h"
#include "tests/sim/records.h"
#include "tests/sim/users.h"

namespace gantry::sim {
namespace {

const Json* find_condition(const Json& object, const std::string& type) {
  const auto* conditions = object.find_path({"status", "conditions"});
  if (conditions == nullptr) return nullptr;
  for (const auto& condition : conditions->as_array()) {
    if (condition.string_or("type", "") == type) return &condition;
  }
  return nullptr;
}

std::string words_of(const Json& condition) {
  return condition.string_or("type", "") + ": " + condition.string_or("reason", "") + ": " +
         condition.string_or("message", "");
}

bool is_mounted(const lab::GuestRecord& guest, const std::string& path) {
  return std::ranges::any_of(guest.config, [&path](const auto& setting) {
    return setting.first.starts_with("mp") &&
           setting.second.find(",mp=" + path + ",") != std::string::npos;
  });
}

void add(std::vector<std::string>& all, std::vector<std::string> more) {
  for (auto& one : more) all.push_back(std::move(one));
}

}  // namespace

bool World::is_held(const std::string& machine, const std::string& reason) const {
  const auto object = this->machine(machine);
  const auto* held = object.has_value() ? find_condition(*object, "Held") : nullptr;
  return held != nullptr && held->string_or("status", "") == "True" &&
         held->string_or("reason", "") == reason;
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

std::vector<std::string> World::unmet_machine(const std::string& name, const Wanted& wish) const {
  const auto object = machine(name);
  // Somebody else has its id since a person destroyed it: held for ever, by rule.
  const auto id = vmid_of(name);
  if (id.has_value() && is_stranger(*id)) return {};
  if (!wish.exists) {
    if (object.has_value() && !is_unproven(name)) return {name + " is not gone"};
    return {};
  }
  if (!object.has_value()) return {name + " is missing"};
  if (wish.unproven && is_unproven(name)) return {};
  std::vector<std::string> unmet;
  const auto guest = id.has_value() ? lab->find_guest(*id) : std::nullopt;
  if (!guest.has_value()) {
    unmet.push_back(name + " has no container");
  } else if (guest->running != wish.running) {
    unmet.push_back(name + (guest->running ? " runs" : " does not run"));
  }
  const auto* node = object->find_path({"spec", "node"});
  if (node != nullptr && guest.has_value() && guest->node.get() != node->as_string()) {
    unmet.push_back(name + " is on " + guest->node.get() + ", not on " + node->as_string());
  }
  const auto* ready = find_condition(*object, "Ready");
  if (ready != nullptr && ready->string_or("status", "") != "True") {
    unmet.push_back(name + " " + words_of(*ready));
  }
  const auto* drifted = find_condition(*object, "Drifted");
  if (drifted != nullptr && drifted->string_or("status", "") == "True") {
    unmet.push_back(name + " " + words_of(*drifted));
  }
  return unmet;
}

std::vector<std::string> World::unmet_inside(const std::string& machine,
                                             const WantedApp& wish) const {
  const auto vmid = vmid_of(machine);
  if (!vmid.has_value() || is_stranger(*vmid)) return {};
  const auto* system = lab->find_guest(*vmid).has_value() ? backend.inside(*vmid) : nullptr;
  if (system == nullptr) return {machine + " has no inside"};
  std::vector<std::string> unmet;
  for (const auto& mount : wish.mounts) {
    if (!is_mounted(*lab->find_guest(*vmid), mount)) unmet.push_back(machine + " has no " + mount);
  }
  if (holds_data(*vmid) && !system->files.contains(kKeptPath))
    unmet.push_back(machine + " has lost its data");
  if (!wish.native) {
    if (system->docker.services.empty()) unmet.push_back(machine + " has no services");
    for (const auto& [name, service] : system->docker.services)
      if (service.state != "running") unmet.push_back(machine + ": " + name + " does not run");
    return unmet;
  }
  const auto page = system->files.find(kPagePath);
  if (page == system->files.end() || page->second.content != wish.page) {
    unmet.push_back(machine + " does not have its page");
  }
  const auto unit = system->units.find(kUnit);
  if (unit == system->units.end() || !unit->second.active) {
    unmet.push_back(machine + " does not serve");
  }
  return unmet;
}

std::vector<std::string> World::unmet_app(const std::string& name, const WantedApp& wish) const {
  const auto object = users_->store.get({kApps, kNamespace, name});
  if (!wish.exists) {
    if (!object.ok()) return {};
    // It waits for Machines of which a person has taken both marks.
    for (const auto& [machine, wanted] : wanted_) {
      if (machine.starts_with(name + "-") && is_held_for_ever(machine)) return {};
    }
    return {name + " is not gone"};
  }
  if (!object.ok()) return {name + " is missing"};
  std::vector<std::string> unmet;
  bool is_held = false;
  for (int ordinal = 0; ordinal < wish.replicas; ++ordinal) {
    const auto machine = name + "-" + std::to_string(ordinal);
    is_held = is_held || is_held_for_ever(machine);
    if (!this->machine(machine).has_value())
      unmet.push_back(machine + " is missing");
    else if (!wish.suspended && !is_held_for_ever(machine))
      add(unmet, unmet_inside(machine, wish));
  }
  const auto* ready = find_condition((*object)->value, "Ready");
  const bool is_ready = ready != nullptr && ready->string_or("status", "") == "True";
  const bool may_be_ready = !wish.suspended && wish.replicas > 0 && !is_held;
  if (may_be_ready && !is_ready) {
    unmet.push_back(name + " " + (ready == nullptr ? "has no condition" : words_of(*ready)));
  }
  return unmet;
}

// What its App's policy retains when its Machine goes.
bool World::is_left(VmId vmid) const {
  const auto owner = seen_ours_.find(vmid);
  return owner != seen_ours_.end() && retained_.contains(owner->second);
}

void World::note_what_is_left() {
  for (const auto& [vmid, uid] : seen_ours_) {
    const auto origin = machines_.find(uid);
    if (!is_left(vmid) || origin == machines_.end()) continue;
    const auto machine = wanted_.find(origin->second.name);
    const bool has_machine = machine != wanted_.end() && machine->second.uid == uid &&
                             this->machine(origin->second.name).has_value();
    if (!has_machine) reached.note("a container left with its volumes");
  }
}

// Only a person's decision ends that.
bool World::is_held_for_ever(const std::string& name) const {
  const auto id = vmid_of(name);
  if (id.has_value() && is_stranger(*id)) return true;
  return wanted_.contains(name) && is_unproven(name);
}

std::vector<std::string> World::unmet() const {
  std::vector<std::string> unmet;
  for (const auto& [name, wish] : wanted_) add(unmet, unmet_machine(name, wish));
  for (const auto& [name, wish] : wanted_apps_) add(unmet, unmet_app(name, wish));
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
    // Left with its volumes: stopped, and nobody's any more.
    if (is_left(guest.vmid) && !guest.running) continue;
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
