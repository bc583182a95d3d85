#include "pkg/lab/model.h"

#include "pkg/base/text.h"
#include "pkg/lab/property.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

constexpr Duration kBroadcastPeriod = 10s;  // pvestatd
constexpr size_t kWritesKept = 100000;

// Of the journal of disks: node, volid, format, vmid, size, used, created; the first two alone: it
// is gone.
std::string volume_line(const NodeName& node, const std::string& volid, const DiskVolume* volume) {
  auto line = (node.get().empty() ? "-" : node.get()) + " " + volid;
  if (volume != nullptr) {
    line += absl::StrFormat(" %s %d %d %d %d", volume->format, volume->vmid.get(), volume->size,
                            volume->used, to_unix_seconds(volume->created));
  }
  return line + "\n";
}

// When pvestatd looks next: on a fixed grid.
Time next_broadcast(Time now) {
  const auto past = now.time_since_epoch() % kBroadcastPeriod;
  return now - past + kBroadcastPeriod;
}

}  // namespace

std::string missing_config_text(const NodeName& node, VmId vmid) {
  return absl::StrFormat("Configuration file 'nodes/%s/lxc/%d.conf' does not exist", node.get(),
                         vmid.get());
}

std::string already_exists_text(const Guest& guest) {
  return absl::StrFormat("%s %d already exists on node '%s'",
                         guest.type == pve::GuestType::lxc ? "CT" : "VM", guest.vmid.get(),
                         guest.node.get());
}

std::string name_of(const Guest& guest) {
  const auto prefix = guest.type == pve::GuestType::lxc ? "CT" : "VM";
  return guest.config.get("hostname", prefix + std::to_string(guest.vmid.get()));
}

Refusal check_lock(const Guest& guest) {
  if (!guest.config.has("lock")) return std::nullopt;
  return died("CT is locked (" + guest.config.get("lock") + ")");
}

Refusal check_digest(const Guest& guest, const std::string& digest) {
  if (digest.empty() || digest == digest_of(guest.config)) return std::nullopt;
  return died("detected modified configuration - file changed by other user? Try again.");
}

int64_t disk_size_of(const std::map<std::string, std::string>& config) {
  constexpr int64_t kDefault = int64_t{4} << 30;  // what Proxmox says without a rootfs (observed)
  const auto it = config.find("rootfs");
  if (it == config.end()) return kDefault;
  // Not parsed as a whole: asked for every guest of every list.
  constexpr std::string_view kSize = ",size=";
  const std::string_view text = it->second;
  const auto at = text.find(kSize);
  if (at == std::string_view::npos) return 0;
  const auto value = text.substr(at + kSize.size());
  return parse_size(value.substr(0, value.find(','))).value_or(0);
}

Model::Model(Options o, async::Clock& c, Random& r, Backend& b, Executor e)
    : options(std::move(o)),
      clock(c),
      random(r),
      backend(b),
      executor(e),
      access(options.version),
      volumes(options.storages, backend),
      tasks(clock, random, e, faults),
      files(options.state_folder),
      group(e),
      router(std::make_unique<Router>(options.version)),
      ha(*this) {
  if (files.is_kept()) volumes.keep_journal();
  for (const auto& node : options.nodes) nodes[node.name] = {node, true, true, clock.now(), {}, {}};
}

Model::~Model() = default;

const Guest* Model::find_guest(VmId vmid) const {
  const auto it = guests_.find(vmid);
  return it == guests_.end() ? nullptr : it->second.get();
}

Guest* Model::find_guest(VmId vmid) {
  return const_cast<Guest*>(std::as_const(*this).find_guest(vmid));
}

Guest* Model::find_container(const NodeName& node, VmId vmid) {
  auto* guest = find_guest(vmid);
  if (guest == nullptr || guest->type != pve::GuestType::lxc || guest->node != node) return nullptr;
  return guest;
}

Guest& Model::add_guest(VmId vmid, const NodeName& node, GuestConfig config) {
  auto guest = std::make_unique<Guest>();
  guest->vmid = vmid;
  guest->node = node;
  guest->config = std::move(config);
  guest->created = clock.now();
  guest->stale_until = next_broadcast(clock.now());
  auto& added = *guest;
  guests_[vmid] = std::move(guest);
  guests_on_[node].insert(vmid);
  save(added);
  return added;
}

void Model::remove_guest(VmId vmid) {
  const auto it = guests_.find(vmid);
  if (it == guests_.end()) return;
  note_change(vmid);
  const auto& node = it->second->node;
  files.remove("nodes/" + node.get() + "/lxc/" + std::to_string(vmid.get()) + ".conf");
  guests_on_[node].erase(vmid);
  guests_.erase(it);
  access.forget_guest(vmid);
  save_access();
}

void Model::move_guest(Guest& guest, const NodeName& node) {
  files.remove("nodes/" + guest.node.get() + "/lxc/" + std::to_string(guest.vmid.get()) + ".conf");
  guests_on_[guest.node].erase(guest.vmid);
  guest.node = node;
  guests_on_[node].insert(guest.vmid);
  save(guest);
}

const std::set<VmId>& Model::guests_on(const NodeName& node) const {
  static const std::set<VmId> none;
  const auto it = guests_on_.find(node);
  return it == guests_on_.end() ? none : it->second;
}

VmId Model::next_free_id(VmId from) const {
  auto candidate = from.get();
  for (auto it = guests_.lower_bound(from); it != guests_.end(); ++it) {
    if (it->first.get() != candidate) break;
    ++candidate;
  }
  return VmId(candidate);
}

Broadcast Model::truth_of(const Guest& guest) const {
  Broadcast seen;
  seen.known = true;
  seen.running = guest.running;
  seen.name = name_of(guest);
  seen.cores = guest.config.get("cpulimit", guest.config.get("cores"));
  if (seen.cores.empty()) seen.cores = std::to_string(nodes.at(guest.node).options.cores);
  seen.memory_total = parse_integer(guest.config.get("memory", "512")).value_or(0) << 20;
  seen.disk_total = disk_size_of(guest.config.values);
  seen.running_since = guest.running_since;
  return seen;
}

Broadcast Model::broadcast_of(const Guest& guest) const {
  return clock.now() < guest.stale_until ? guest.stale : truth_of(guest);
}

void Model::note_change(VmId vmid) {
  ++changes;
  changed_guests.insert(vmid);
}

void Model::before_change(Guest& guest) {
  note_change(guest.vmid);
  const auto now = clock.now();
  if (now < guest.stale_until) return;  // what was told last still stands
  guest.stale = truth_of(guest);
  guest.stale_until = next_broadcast(now);
}

void Model::set_running(Guest& guest, bool running) {
  if (guest.running == running) return;
  before_change(guest);
  guest.running = running;
  guest.running_since = clock.now();
  if (!running) guest.state = ContainerState();
}

void Model::save(const Guest& guest) {
  note_change(guest.vmid);
  if (!files.is_kept()) return;
  files.write("nodes/" + guest.node.get() + "/lxc/" + std::to_string(guest.vmid.get()) + ".conf",
              to_conf(guest.config));
}

void Model::save_access() {
  for (const auto vmid : access.take_moved()) note_change(vmid);
  if (files.is_kept()) files.write("user.cfg", access.to_user_cfg());
}

void Model::save_volumes() {
  if (!files.is_kept()) return;
  std::string text;
  for (const auto& [node, volid] : volumes.take_changes()) {
    const auto* volume = volumes.find(node, volid);
    text += volume_line(node, volid, volume);
  }
  (void)volumes.take_changes();  // looking is no change
  if (!text.empty()) files.append("volumes", text);
}

ContainerSpec Model::spec_of(const NodeName& node, VmId vmid,
                             const std::map<std::string, std::string>& config) const {
  ContainerSpec spec;
  spec.node = node;
  spec.vmid = vmid;
  spec.config = config;
  for (const auto& [key, value] : config) {
    if (!is_volume_key(key)) continue;
    const auto format = find_property_format(key_family(key), true);
    const auto parts = parse_properties(*format, value);
    VolumeSpec volume{key, "", 0};
    if (const auto it = parts.find("volume"); it != parts.end()) volume.volid = it->second;
    if (const auto it = parts.find("size"); it != parts.end()) {
      volume.size = parse_size(it->second).value_or(0);
    }
    if (key == "rootfs") {
      spec.rootfs = std::move(volume);
    } else {
      spec.mounts.push_back(std::move(volume));
    }
  }
  return spec;
}

ContainerSpec Model::spec_of(const Guest& guest) const {
  return spec_of(guest.node, guest.vmid, guest.config.values);
}

Async<ContainerState> Model::inspect(VmId vmid) {
  auto* guest = find_guest(vmid);
  if (guest == nullptr) co_return ContainerState();
  if (!guest->has_container || !guest->config.has("rootfs")) co_return guest->state;
  auto spec = spec_of(*guest);
  auto state = co_await backend.inspect(std::move(spec));
  guest = find_guest(vmid);
  if (guest == nullptr) co_return ContainerState();
  if (!state.ok()) co_return guest->state;
  set_running(*guest, state->running);
  guest->state = *state;
  co_return *state;
}

Refusal Model::check_quorum() const {
  if (quorate) return std::nullopt;
  return died("cluster not ready - no quorum?");
}

std::string Model::new_hwaddr() {
  const auto bits = random.next();
  return absl::StrFormat("BC:24:11:%02X:%02X:%02X", bits & 0xff, bits >> 8 & 0xff,
                         bits >> 16 & 0xff);
}

void Model::note_write(const Call& call, bool refused) {
  if (writes.size() >= kWritesKept) writes.erase(writes.begin(), writes.begin() + kWritesKept / 2);
  std::optional<VmId> vmid;
  if (const auto id = call.params.integer("vmid", 0); id > 0) vmid = VmId(id);
  if (const auto id = call.params.integer("newid", 0); id > 0) vmid = VmId(id);
  writes.push_back(
      {call.asked_at, clock.now(), call.caller.id(), call.method, call.path, vmid, refused});
}

// Where the request has to go, and whether that answers.
Refusal Model::check_cluster(const Call& call) const {
  const auto name = call.params.get("node");
  if (name.empty()) return std::nullopt;
  const auto node = nodes.find(name == "localhost" ? call.door : NodeName(name));
  if (node == nodes.end()) {
    return died("hostname lookup '" + name + "' failed - failed to get address info for: " + name +
                ": Temporary failure in name resolution");
  }
  if (!node->second.online) return bare(595, "No route to host");
  return std::nullopt;
}

Async<Reply> Model::execute(Call call) {
  const auto* route = router->find(call.method, call.path, call.params);
  if (route == nullptr) co_return not_implemented(call.method, call.path);
  const auto& permission = route->schema->permission;
  if (!permission.path.empty()) {
    const auto path = expand(permission.path, call.params);
    auto refusal = permission.any ? access.check_any(call.caller, path, permission.privileges)
                                  : access.check(call.caller, path, permission.privileges);
    if (refusal.has_value()) co_return std::move(*refusal);
  }
  if (auto refusal = check_cluster(call); refusal.has_value()) co_return std::move(*refusal);
  if (call.params.get("node") == "localhost") call.params.set("node", call.door.get());
  const auto worker = call.params.has("node") ? NodeName(call.params.get("node")) : call.door;
  if (route->schema->is_protected && !nodes.at(worker).daemon_running) {
    co_return bare(595, "Connection refused");
  }
  if (auto refusal = check_parameters(*route->schema, call.params, is_modern());
      refusal.has_value()) {
    co_return std::move(*refusal);
  }
  // Whoever changes user.cfg needs the cluster's lock (PVE/Cluster.pm, cfs_lock). Unverified.
  const bool changes_users = starts_with(call.path, "/access") || starts_with(call.path, "/pools");
  if (!quorate && call.method != "GET" && changes_users) {
    co_return died("cfs-lock 'file-user_cfg' error: no quorum!");
  }
  Reply reply;
  if (const auto* quick = std::get_if<QuickHandler>(&route->handler); quick != nullptr) {
    reply = (*quick)(*this, call);
  } else {
    const auto slow = std::get<SlowHandler>(route->handler);
    reply = co_await slow(*this, call);
  }
  if (call.method != "GET") note_write(call, !reply.ok());
  co_return reply;
}

Async<std::optional<Reply>> Model::serve(Call call) {
  ++requests;
  call.asked_at = clock.now();
  if (const auto latency = faults.draw_latency(random); latency > Duration::zero()) {
    const Status slept = co_await clock.sleep_for(latency);
    if (!slept.ok()) co_return std::nullopt;
  }
  const auto fault = faults.draw_request(random, call.method, call.path);
  if (!fault.has_value()) co_return co_await execute(std::move(call));
  const auto share = random.unit();
  switch (*fault) {
    case RequestFault::lose_request:
      co_return std::nullopt;
    case RequestFault::lose_answer:
      (void)co_await execute(std::move(call));
      co_return std::nullopt;
    case RequestFault::delay: {
      const auto pause = std::chrono::duration_cast<Duration>(faults.delay_max * share);
      std::optional<Reply> reply;
      const bool at_once = share < 0.5;
      if (at_once) reply = co_await execute(call);
      const Status slept = co_await clock.sleep_for(pause);
      if (!slept.ok()) co_return std::nullopt;
      if (at_once) co_return reply;
      break;
    }
    case RequestFault::duplicate:
      (void)co_await execute(call);
      break;
    case RequestFault::error_500:
      co_return died("interrupted by signal");
    case RequestFault::error_595:
      co_return bare(595, "Connection refused");
    case RequestFault::error_596: {
      auto late = std::make_shared<Call>(std::move(call));
      const auto pause = std::chrono::duration_cast<Duration>(faults.late_execution_max * share);
      group.spawn("late request", [this, late, pause]() -> Async<Status> {
        GANTRY_CO_TRY(co_await clock.sleep_for(30s + pause));
        (void)co_await execute(*late);
        co_return Status();
      });
      const Status slept = co_await clock.sleep_for(30s);
      if (!slept.ok()) co_return std::nullopt;
      co_return bare(596, "Connection timed out");
    }
    case RequestFault::partial_inventory:
      call.partial = true;
      break;
  }
  co_return co_await execute(std::move(call));
}

}  // namespace gantry::lab
