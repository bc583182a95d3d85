// What must hold in the end: everything as users want it, and nothing left over.
#include <algorithm>

#include "pkg/pve/mark.h"
#include "tests/sim/objects.h"
#include "tests/sim/records.h"
#include "tests/sim/users.h"
#include "tests/sim/words.h"

namespace gantry::sim {

bool World::is_held(const std::string& machine, const std::string& reason) const {
  const auto object = this->machine(machine);
  const auto* held = object.has_value() ? find_condition(*object, "Held") : nullptr;
  return held != nullptr && held->string_or("status", "") == "True" &&
         held->string_or("reason", "") == reason;
}

namespace {

bool carries_mark(const lab::GuestRecord& guest, const Uid& uid) {
  if (uid_of(guest) == uid) return true;
  const auto tags = guest.config.find("tags");
  return tags != guest.config.end() && tags->second.find(pve::to_tag(uid)) != std::string::npos;
}

}  // namespace

bool World::is_unproven(const std::string& name) const {
  const auto vmid = vmid_of(name);
  const auto guest = vmid.has_value() ? lab->find_guest(*vmid) : std::nullopt;
  if (!guest.has_value()) return false;
  return !carries_mark(*guest, wanted_.at(name).uid);
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
  if (wish.attached && !may_be_attached()) return {};
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

// What its App's policy retains when its Machine goes.
bool World::is_left(VmId vmid) const {
  const auto owner = seen_ours_.find(vmid);
  return owner != seen_ours_.end() && retained_.contains(owner->second);
}

void World::note_what_there_is() {
  for (const auto& [name, wish] : wanted_apps_) {
    const bool runs = wish.exists && !wish.native && wish.replicas > 0 && !wish.suspended;
    if (runs && page_of(serving_machine(name, 0)) == wish.page)
      reached.note("a compose project runs");
  }
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

// What its clones keep is found out, and nothing of the trial is left.
std::vector<std::string> World::unmet_probe() const {
  if (!options_.keyctl) return {};
  if (probe().has_value()) return {"a clone is still being tried"};
  const auto shape = golden_class();
  const bool is_known = shape.has_value() && shape->find_path({"status", "flagProbe"}) != nullptr;
  return is_known ? std::vector<std::string>() : std::vector<std::string>{"no clone was tried"};
}

std::vector<std::string> World::unmet() const {
  std::vector<std::string> unmet = unmet_probe();
  for (const auto& [name, wish] : wanted_) add(unmet, unmet_machine(name, wish));
  for (const auto& [name, wish] : wanted_apps_) add(unmet, unmet_app(name, wish));
  add(unmet, unmet_appliance());
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
    // Left with its volumes: stopped, and nobody's any more. What a person has taken the marks off
    // nobody may stop.
    if (is_left(guest.vmid) && !(guest.running && carries_mark(guest, seen_ours_.at(guest.vmid))))
      continue;
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
