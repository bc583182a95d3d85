#include <algorithm>

#include "pkg/pve/mark.h"
#include "tests/sim/actors.h"
#include "tests/sim/records.h"

namespace gantry::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* kUser = "gantry@pve";

}  // namespace

void Misfortune::note(const std::string& what) {
  world_.trace.note(world_.now(), what);
}

void Misfortune::wait(int64_t seconds_max) {
  world_.run_for(std::chrono::seconds(random_.below(static_cast<uint64_t>(seconds_max))));
}

Host& Misfortune::some_host() {
  return world_.host(random_.below(world_.host_count()));
}

void Misfortune::act() {
  if (!hidden_.empty() && random_.unit() < 0.4) show_hidden();
  if (swarm_.crashes && random_.unit() < 0.3) crash();
  if (swarm_.outages && random_.unit() < 0.3) outage();
  if (swarm_.hidden && random_.unit() < 0.2) hide_some();
  if (swarm_.pauses && random_.unit() < 0.2) stand_still();
  if (swarm_.pauses && random_.unit() < 0.1) cut_off();
  if (swarm_.clocks && random_.unit() < 0.2) set_clock();
  if (swarm_.modes && random_.unit() < 0.2) change_mode();
  if (swarm_.restores && random_.unit() < 0.3) restore_older();
}

void Misfortune::crash() {
  const auto number = random_.below(world_.host_count());
  auto& host = world_.host(number);
  const auto drawn = random_.below(8);
  if (!host.runs()) {
    world_.start_daemon(number);
  } else if (drawn < 3) {
    world_.kill_at_next_write();
  } else if (drawn < 6) {
    host.kill_after(random_.below(uint64_t{1} << random_.below(12)));
  } else {
    world_.kill_daemon(number);
    if (random_.unit() < 0.5) world_.start_daemon(number);
  }
}

void Misfortune::outage() {
  auto& lab = *world_.lab;
  const NodeName node("pve1");
  switch (random_.below(6)) {
    case 0:
      lab.set_quorate(false);
      note("quorum is lost");
      wait(120);
      lab.set_quorate(true);
      break;
    case 1:
      lose_sight();
      break;
    case 2:
      lose_node();
      break;
    case 3:
      note("the database goes down");
      world_.disk.down = true;
      wait(60);
      world_.disk.down = false;
      break;
    case 4:
      note("the storages are full");
      lab.fill_storage(StorageId("local"), int64_t{250} << 30);
      wait(120);
      lab.fill_storage(StorageId("local"), 0);
      break;
    default:
      note("pvedaemon of pve1 goes down");
      lab.set_daemon_running(node, false);
      wait(90);
      lab.set_daemon_running(node, true);
  }
}

void Misfortune::lose_node() {
  auto& lab = *world_.lab;
  NodeName node("pve" + std::to_string(1 + random_.below(3)));
  if (!lab.is_node_online(node)) node = NodeName("pve1");
  note(node.get() + " goes down");
  const auto managed = managed_on(node);
  world_.perform([&lab, node] { return lab.set_node_online(node, false); });
  wait(300);
  for (const auto& [vmid, before] : managed) {
    const auto guest = lab.find_guest(vmid);
    if (guest.has_value() && guest->node != before)
      world_.reached.note("a container fetched from a fenced node");
  }
  world_.perform([&lab, node] { return lab.set_node_online(node, true); });
  note(node.get() + " is back");
}

std::map<VmId, NodeName> Misfortune::managed_on(const NodeName& node) const {
  std::map<VmId, NodeName> found;
  for (const auto vmid : world_.managed()) {
    const auto guest = world_.lab->find_guest(vmid);
    if (guest.has_value() && guest->node == node) found.emplace(vmid, node);
  }
  return found;
}

// Looks exactly like a fleet that has been deleted.
void Misfortune::lose_sight() {
  note("our token loses VM.Audit");
  world_.lab->set_privilege_masked(kUser, "VM.Audit", true);
  world_.blind = true;
  wait(400);
  world_.lab->set_privilege_masked(kUser, "VM.Audit", false);
  world_.blind = false;
}

// Some of ours look exactly as if somebody had destroyed them, while the canary sings: one, or all
// but one.
void Misfortune::hide_some() {
  std::vector<std::string> paths;
  for (const auto& [name, wish] : world_.wanted()) {
    const auto vmid = world_.vmid_of(name);
    if (!vmid.has_value() || !world_.lab->find_guest(*vmid).has_value()) continue;
    paths.push_back("/vms/" + std::to_string(vmid->get()));
  }
  if (paths.size() < 2 || !hidden_.empty()) return;
  // In a crowd as many as are taken for a mistake, and a few to be seen.
  const auto most = swarm_.crowd ? std::min<size_t>(paths.size() - 1, 6) : paths.size() - 1;
  paths.resize(random_.unit() < (swarm_.crowd ? 0.2 : 0.5) ? 1 : most);
  note(absl::StrFormat("our token may not see %d guests", paths.size()));
  for (const auto& path : paths) (void)world_.lab->grant(path, kUser, "NoAccess");
  hidden_ = std::move(paths);
  wait(200);
  // In a crowd users go on meanwhile, and may be refused by the vanish guard.
  if (!swarm_.crowd) show_hidden();
}

void Misfortune::show_hidden() {
  for (const auto& path : hidden_) (void)world_.lab->revoke(path, kUser, "NoAccess");
  hidden_.clear();
}

// Long enough to lose the lease: the other host leads meanwhile, and this one wakes up in the
// middle of what it was doing.
void Misfortune::stand_still() {
  auto& host = some_host();
  note(host.name() + " stands still");
  host.set_paused(true);
  wait(120);
  const auto* other = world_.leader();
  if (other != nullptr) world_.reached.note("woke up after another took the lease");
  host.set_paused(false);
  note(host.name() + " goes on");
}

void Misfortune::cut_off() {
  auto& host = some_host();
  note(host.name() + " loses the database");
  host.set_cut_off(true);
  wait(60);
  host.set_cut_off(false);
}

void Misfortune::set_clock() {
  auto& host = some_host();
  const auto minutes = static_cast<int64_t>(random_.below(121)) - 60;
  note(absl::StrFormat("the clock of %s is %d minutes off", host.name(), minutes));
  host.clock().set_offset(std::chrono::minutes(minutes));
  world_.reached.note("the clock jumped");
  wait(60);
  if (random_.unit() < 0.7) host.clock().set_offset(0s);
}

void Misfortune::change_mode() {
  world_.edit_cluster([](Json& spec) { spec.set("mode", "Observe"); });
  wait(120);
  world_.edit_cluster([](Json& spec) { spec.set("mode", "Enforce"); });
}

// Of a Machine that this database has never had, seen to be ours and there to stay: a late answer
// to its deletion must not take away what gives that database away.
bool Misfortune::has_newer_container(const store::memory::Image& database) const {
  return std::ranges::any_of(world_.lab->guests(), [&](const lab::GuestRecord& guest) {
    const auto uid = uid_of(guest);
    const auto tags = guest.config.find("tags");
    if (!uid.has_value() || world_.is_stranger(guest.vmid) || tags == guest.config.end()) {
      return false;
    }
    const bool tagged = tags->second.find(pve::to_tag(*uid)) != std::string::npos;
    const bool stays = std::ranges::any_of(world_.wanted(), [&](const auto& entry) {
      return entry.second.exists && entry.second.uid == *uid;
    });
    const auto has = [&](const auto& row) { return row.uid == *uid; };
    return tagged && stays && std::ranges::none_of(database.guests, has) &&
           std::ranges::none_of(database.objects,
                                [&](const auto& entry) { return has(entry.second); });
  });
}

// Only where something newer gives it away: otherwise nothing tells that database from the right
// one, and what it does is no mistake.
void Misfortune::restore_older() {
  if (!older_.has_value()) older_ = world_.disk.snapshot();
  show_hidden();
  if (!has_newer_container(*older_)) return;
  world_.reached.note("an older database was restored");
  // Nothing else goes wrong meanwhile: a list without the newer ones would not give it away.
  auto faults = std::exchange(world_.lab->faults(), lab::Faults());
  auto decide = std::exchange(world_.disk.decide, nullptr);
  kill_all();
  const auto right = world_.disk.snapshot();
  start_with(*older_);
  wait(300);
  kill_all();
  start_with(right);
  world_.see_what_users_have();
  world_.lab->faults() = std::move(faults);
  world_.disk.decide = std::move(decide);
}

void Misfortune::kill_all() {
  world_.spare_daemons();
  for (size_t number = 0; number < world_.host_count(); ++number) {
    if (world_.host(number).runs()) world_.kill_daemon(number);
  }
}

void Misfortune::start_with(store::memory::Image database) {
  world_.restore_database(std::move(database));
  for (size_t number = 0; number < world_.host_count(); ++number) world_.start_daemon(number);
}

void Misfortune::end() {
  show_hidden();
  world_.lab->faults().clear();
  world_.spare_daemons();
  world_.disk.decide = nullptr;
  world_.channel_faults = ChannelFaults();
  for (size_t number = 0; number < world_.host_count(); ++number) {
    world_.host(number).set_paused(false);
    world_.host(number).set_cut_off(false);
    world_.host(number).clock().set_offset(0s);
  }
  // Its answer may have been lost, or the database away.
  if (swarm_.modes) world_.edit_cluster([](Json& spec) { spec.set("mode", "Enforce"); });
}

}  // namespace gantry::sim
