#include "pkg/pve/mark.h"
#include "pkg/schema/json.h"
#include "tests/sim/actors.h"
#include "tests/sim/objects.h"

namespace gantry::sim {
namespace {

using namespace std::chrono_literals;

// Where people make guests; our own creates go to lower ids first.
constexpr int64_t kFirstId = 20000, kIds = 12, kFirstCopy = 20030;

bool is_tagged(const lab::GuestRecord& guest) {
  const auto tags = guest.config.find("tags");
  return tags != guest.config.end() && tags->second.find("gantry-") != std::string::npos;
}

}  // namespace

void PersonActor::say(const std::string& what, VmId vmid) {
  world_.trace.note(world_.now(), what + " " + std::to_string(vmid.get()));
}

void PersonActor::act() {
  if (swarm_.crowd && random_.unit() < 0.4) {
    destroy_several();
    return;
  }
  if (swarm_.appliance && random_.unit() < 0.2) {
    break_inside_appliance();
    return;
  }
  if (random_.unit() < 0.2) {
    put_stranger();
    return;
  }
  const auto name = pick_machine(world_, random_);
  const auto vmid = name.has_value() ? world_.vmid_of(*name) : std::nullopt;
  if (!vmid.has_value() || world_.is_stranger(*vmid)) return;
  const auto guest = world_.lab->find_guest(*vmid);
  if (!guest.has_value() || guest->config.contains("lock")) return;  // Proxmox would refuse
  if (swarm_.tank && random_.unit() < 0.2) {
    take_snapshot(*guest);
  } else if (swarm_.ha && random_.unit() < 0.4) {
    manage(*vmid, random_.unit() < 0.8 ? "started" : "ignored");
  } else if (random_.unit() < 0.4) {
    spoil(*name, *guest);
  } else {
    act_on(*name, *guest);
  }
}

// Somewhere, or just where one of ours is about to be made; with our name, or with our tag.
void PersonActor::put_stranger() {
  VmId vmid(kFirstId + static_cast<int64_t>(random_.below(kIds)));
  std::map<std::string, std::string> settings;
  if (const auto name = pick_machine(world_, random_)) {
    const auto drawn = random_.below(4);
    if (drawn == 0) settings["hostname"] = *name;
    // On its very VMID nothing would tell it from ours.
    if (drawn == 1 && world_.vmid_of(*name) != vmid)
      settings["tags"] = pve::to_tag(world_.wanted().at(*name).uid);
    if (drawn == 2) vmid = world_.vmid_of(*name).value_or(vmid);
    if (drawn == 2 && !world_.lab->find_guest(vmid).has_value()) {
      world_.reached.note("a stranger on a reserved VMID");
    }
  }
  // In our pool our token can see it, and could do anything to it.
  world_.put_stranger(vmid, settings, random_.unit() < 0.4);
}

void PersonActor::act_on(const std::string& name, const lab::GuestRecord& guest) {
  auto& lab = *world_.lab;
  const auto id = guest.vmid;
  const VmId target(kFirstCopy + static_cast<int64_t>(random_.below(kIds)));
  switch (random_.below(6)) {
    case 0:
      say("a person kills", id);
      world_.perform([&lab, id] { return lab.stop_guest(id); });
      break;
    case 1:
      say("a person stops, through Proxmox,", id);
      stop_through_proxmox(guest.node, id);
      break;
    case 2:
      if (!others_are_there(name)) return;
      say("a person destroys", id);
      world_.perform([&lab, id] { return lab.destroy_guest(id); });
      break;
    case 3:
      // Where our own creates do not go meanwhile: the lab's copies take no lock.
      world_.copy_guest(id, target);
      break;
    case 4:
      if (!others_are_there(name) || lab.find_guest(target).has_value()) return;
      say("a person renumbers", id);
      world_.copy_guest(id, target);
      world_.perform([&lab, id] { return lab.destroy_guest(id); });
      break;
    default:
      say("a person migrates", id);
      (void)lab.migrate_guest(id, NodeName("pve" + std::to_string(1 + random_.below(3))));
  }
}

// More than may be made again at once, and fewer than are taken for a mistake.
void PersonActor::destroy_several() {
  constexpr size_t kSeveral = 4;
  std::vector<VmId> there;
  for (const auto& [name, wish] : world_.wanted()) {
    const auto vmid = world_.vmid_of(name);
    if (!wish.exists || !vmid.has_value()) continue;
    const auto guest = world_.lab->find_guest(*vmid);
    const bool ours = guest.has_value() && !world_.is_stranger(*vmid);
    if (!ours || guest->config.contains("lock")) return;
    there.push_back(*vmid);
  }
  if (there.size() <= kSeveral) return;
  auto& lab = *world_.lab;
  for (size_t i = 0; i < kSeveral; ++i) {
    const auto id = there[i];
    say("a person destroys", id);
    world_.perform([&lab, id] { return lab.destroy_guest(id); });
  }
}

// Edits of the config file.
void PersonActor::spoil(const std::string& name, const lab::GuestRecord& guest) {
  auto& lab = *world_.lab;
  const auto id = guest.vmid;
  if (world_.holds_data(id) && random_.unit() < 0.3) {
    detach_volume(guest);
    return;
  }
  const auto drawn = random_.below(10);
  if (drawn < 4) {
    say("a person edits the memory of", id);
    (void)lab.edit_config(id, "memory", "777");
  } else if (drawn < 7) {
    say("a person damages the notes of", id);
    (void)lab.edit_config(id, "description", random_.unit() < 0.5 ? "hello" : "");
    // Before the tag was set nothing else says that it is ours.
    if (!is_tagged(guest)) world_.wanted()[name].unproven = true;
  } else if (drawn < 9) {
    say("a person leaves a lock on", id);
    (void)lab.set_lock(id, "backup");
  } else {
    // From now on nothing proves that it is ours.
    say("a person takes both marks off", id);
    world_.wanted()[name].unproven = true;
    (void)lab.edit_config(id, "description", "mine");
    (void)lab.edit_config(id, "tags", "mine");
  }
}

// A person gives it to the HA manager, which wants it to run.
void PersonActor::manage(VmId vmid, const std::string& state) {
  const auto sid = "ct:" + std::to_string(vmid.get());
  if (world_.managed().insert(vmid).second) {
    world_.by_root("POST", "/cluster/ha/resources", {{"sid", sid}, {"state", state}});
  } else {
    world_.by_root("PUT", "/cluster/ha/resources/" + sid, {{"state", state}});
  }
}

// Proxmox destroys nothing that the HA manager has, and starts nothing that it has given up.
void PersonActor::unmanage_what_goes() {
  std::set<VmId> stay;
  for (const auto& [name, wish] : world_.wanted()) {
    const auto vmid = world_.vmid_of(name);
    const auto guest = vmid.has_value() ? world_.lab->find_guest(*vmid) : std::nullopt;
    if (wish.exists && wish.running && guest.has_value() && guest->running) stay.insert(*vmid);
  }
  for (const auto vmid : std::set<VmId>(world_.managed())) {
    if (stay.contains(vmid)) continue;
    world_.by_root("DELETE", "/cluster/ha/resources/ct:" + std::to_string(vmid.get()));
    world_.managed().erase(vmid);
  }
}

void PersonActor::break_inside_appliance() {
  const auto vmid = world_.vmid_of(kApplianceMachine);
  if (!vmid.has_value() || !world_.lab->find_guest(*vmid).has_value()) return;
  auto* system = world_.backend.inside(*vmid);
  if (system == nullptr) return;
  say("something breaks inside", *vmid);
  switch (random_.below(4)) {
    case 0:
      system->units["dnsmasq.service"].active = false;
      break;
    case 1:
      system->network.rules.clear();
      break;
    case 2:
      system->network.forwarding = false;
      break;
    default:
      system->files["/etc/gantry/caddy.json"].content = "}{";
      system->units["caddy.service"].active = false;
  }
}

void PersonActor::take_snapshot(const lab::GuestRecord& guest) {
  const auto name = "mine" + std::to_string(random_.below(5));
  say("a person takes snapshot " + name + " of", guest.vmid);
  const auto path = "/nodes/" + guest.node.get() + "/lxc/" + std::to_string(guest.vmid.get());
  world_.by_root("POST", path + "/snapshot", {{"snapname", name}});
}

// As Proxmox' "Detach" does: it is still there, mounted nowhere.
void PersonActor::detach_volume(const lab::GuestRecord& guest) {
  const auto mount = guest.config.find("mp0");
  if (mount == guest.config.end() || guest.config.contains("unused0")) return;
  say("a person detaches the volume of", guest.vmid);
  world_.reached.note("a volume was detached");
  (void)world_.lab->edit_config(guest.vmid, "mp0", "");
  (void)world_.lab->edit_config(guest.vmid, "unused0",
                                mount->second.substr(0, mount->second.find(',')));
}

// With all of ours gone at once nothing tells that from a lost privilege: by rule 1 it is held
// until a person decides. The stories have that; here it would only end the run.
bool PersonActor::others_are_there(const std::string& victim) const {
  int others = 0;
  for (const auto& [name, wish] : world_.wanted()) {
    const auto vmid = world_.vmid_of(name);
    if (!wish.exists || !vmid.has_value() || name == victim) continue;
    const auto guest = world_.lab->find_guest(*vmid);
    // What a dead create has left does not stay either.
    if (!guest.has_value() || guest->config.contains("lock")) return false;
    ++others;
  }
  return others > 0;
}

void PersonActor::stop_through_proxmox(NodeName node, VmId vmid) {
  const std::shared_ptr<pve::Client> root = world_.root();
  world_.perform([root, node, vmid]() -> Async<Status> {
    const auto task = co_await root->stop_guest(node, vmid);
    co_return task.status();
  });
}

void PersonActor::tidy_up() {
  auto& lab = *world_.lab;
  // Nobody unlocks what a task still works on.
  for (int i = 0; i < 20 && lab.running_tasks() > 0; ++i) world_.run_for(30s);
  for (const auto& guest : lab.guests()) {
    const auto lock = guest.config.find("lock");
    if (lock == guest.config.end()) continue;
    const auto id = guest.vmid;
    say("root unlocks", id);
    const bool unfinished = lock->second == "create";
    (void)lab.set_lock(id, "");
    if (unfinished) world_.perform([&lab, id] { return lab.destroy_guest(id); });
  }
  remove_half_made();
  unmanage_what_goes();
  give_up_what_is_gone();
  begin_with_empty_volumes();
}

// A create that died between its last two steps leaves no lock: it is asked for all the same.
void PersonActor::remove_half_made() {
  auto& lab = *world_.lab;
  for (const auto& [name, wish] : std::map(world_.wanted())) {
    const auto object = world_.machine(name);
    const auto vmid = world_.vmid_of(name);
    const bool asked = object.has_value() && vmid.has_value() &&
                       schema::to_json(*object).find("died half-way and left") != std::string::npos;
    const auto guest = asked ? lab.find_guest(*vmid) : std::nullopt;
    if (!guest.has_value() || guest->running || world_.is_stranger(*vmid)) continue;
    say("root removes the half-made", *vmid);
    world_.perform([&lab, id = *vmid] { return lab.destroy_guest(id); });
  }
  remove_half_made_probe();
}

void PersonActor::remove_half_made_probe() {
  const auto probe = world_.probe();
  const auto* vmid = probe.has_value() ? probe->find_path({"status", "vmid"}) : nullptr;
  if (vmid == nullptr) return;
  const VmId id(vmid->as_integer());
  const bool asked = schema::to_json(*probe).find("died half-way and left") != std::string::npos;
  const auto guest = asked ? world_.lab->find_guest(id) : std::nullopt;
  if (!guest.has_value() || guest->running || world_.is_stranger(id)) return;
  say("root removes the half-made", id);
  auto& lab = *world_.lab;
  world_.perform([&lab, id] { return lab.destroy_guest(id); });
}

// Where a person destroyed a container with its data.
void PersonActor::begin_with_empty_volumes() {
  std::vector<std::string> lost;
  for (const auto& [name, wish] : world_.wanted()) {
    if (wish.exists && world_.is_held(name, "VolumesLost")) lost.push_back(name);
  }
  for (const auto& name : lost) world_.delete_machine(name);
}

// With all of ours gone but one that users delete, the gate asks a person whether that is meant.
void PersonActor::give_up_what_is_gone() {
  const auto* daemon = world_.leader();
  if (daemon == nullptr ||
      message_of(daemon->gate()).find("delete their Machines") == std::string::npos)
    return;
  std::vector<std::string> gone;
  for (const auto& [name, wish] : world_.wanted()) {
    const auto vmid = world_.vmid_of(name);
    const bool is_gone = vmid.has_value() && !world_.lab->find_guest(*vmid).has_value();
    if (wish.exists && name.front() == 'm' && is_gone) gone.push_back(name);
  }
  for (const auto& name : gone) world_.delete_machine(name);
}

}  // namespace gantry::sim
