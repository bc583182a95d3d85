// PUT /nodes/{node}/lxc/{vmid}/config: synchronous, with pending changes on running containers.
// Source: pve-container PVE/API2/LXC/Config.pm (update_vm), PVE/LXC/Config.pm (update_pct_config,
// vmconfig_hotplug_pending); answers of a real 9.2.
#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/guest_options.h"
#include "pkg/lab/parameters.h"
#include "pkg/lab/property.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

struct Change {
  std::map<std::string, std::string> set;
  std::vector<std::string> remove, revert;
  std::string digest;
};

Change read_change(const Call& call) {
  Change change;
  for (const auto& [key, value] : call.params.values()) {
    if (key == "node" || key == "vmid") continue;
    if (key == "delete") {
      change.remove = list_of(value);
    } else if (key == "revert") {
      change.revert = list_of(value);
    } else if (key == "digest") {
      change.digest = value;
    } else {
      change.set[key] = call.params.is_null(key) ? " " : value;  // JSON null is stored as a blank
    }
  }
  return change;
}

bool is_read_only(const std::string& key) {
  return key == "unprivileged" || key == "ostype" || key == "arch";
}

// What can be refused without looking at the guest.
Refusal check_keys(const CallSchema& schema, const Change& change) {
  if (change.set.empty() && change.remove.empty() && change.revert.empty()) {
    return died("no options specified");
  }
  for (const auto& key : change.remove) {
    if (schema.find(key) == nullptr || key == "delete" || key == "digest" || key == "node") {
      return bad_parameter("delete", "unknown option '" + key + "'");
    }
  }
  return std::nullopt;
}

Refusal check_privileges(const Model& model, const Call& call, const Change& change) {
  const auto* guest = model.find_guest(call.params.vmid());
  OptionCheck check{model, call.caller, call.params.vmid(), "", nullptr, true};
  if (guest != nullptr) {
    check.old_config = &guest->config;
    check.unprivileged = guest->config.flag("unprivileged");
  }
  for (const auto& [key, value] : change.set) {
    if (auto no = check_option(check, key, &value); no.has_value()) return no;
  }
  for (const auto& key : change.remove) {
    if (auto no = check_option(check, key, nullptr); no.has_value()) return no;
  }
  return std::nullopt;
}

Refusal check_guest(const Guest& guest, const Change& change) {
  if (auto no = check_lock(guest); no.has_value()) return no;
  if (auto no = check_digest(guest, change.digest); no.has_value()) return no;
  for (const auto& key : change.remove) {
    if (key == "memory" || key == "rootfs") {
      return died("unable to delete required option '" + key + "'");
    }
    if (is_read_only(key)) return died("unable to modify read-only option: '" + key + "'");
    if (guest.config.flag("protection") && (is_volume_key(key) || is_unused_key(key))) {
      return died(absl::StrFormat("can't remove CT %d drive '%s' - protection mode enabled",
                                  guest.vmid.get(), key));
    }
  }
  for (const auto& [key, value] : change.set) {
    if (is_read_only(key)) return died("unable to modify read-only option: '" + key + "'");
  }
  return std::nullopt;
}

// Applied to a running container at once; everything else waits for the next start.
bool is_hotpluggable(const std::string& key) {
  static const std::set<std::string, std::less<>> fast{
      "description", "onboot", "startup", "protection", "hostname", "hookscript", "cores",
      "tags",        "lock",   "memory",  "swap",       "cpulimit", "cpuunits"};
  const auto family = key_family(key);
  return fast.contains(key) || family == "net" || family == "mp";
}

Refusal check_hotplug(const Model& model, const Guest& guest, const std::string& key,
                      const std::string& value) {
  if (key_family(key) != "net") return std::nullopt;
  auto parts = parse_properties(*find_property_format("net", true), value);
  const auto bridges = bridges_of(model, guest.node);
  if (std::find(bridges.begin(), bridges.end(), parts["bridge"]) != bridges.end()) {
    return std::nullopt;
  }
  return bad_parameter(
      key, "unable to hotplug " + key + ": bridge '" + parts["bridge"] + "' does not exist\n");
}

// A new mount point gets its disk at once.
std::string with_disk(Model& model, const Guest& guest, const std::string& key,
                      const std::string& value) {
  const auto& format = *find_property_format(key_family(key), model.is_modern());
  auto parts = parse_properties(format, value);
  const auto disk = parse_new_disk(parts["volume"]);
  const auto* storage = disk.has_value() ? model.volumes.find_storage(disk->storage) : nullptr;
  if (storage == nullptr) return value;
  const auto volume =
      model.volumes.allocate(guest.node, *storage, guest.vmid, disk->bytes, model.clock.now());
  model.save_volumes();
  parts["volume"] = volume.volid;
  parts["size"] = print_size(disk->bytes);
  return print_properties(format, parts);
}

// What is mounted is not unused any more (update_pct_config, $used_volids; unverified).
void drop_unused(GuestConfig& config, const std::string& volid) {
  std::erase_if(config.values, [&volid](const auto& setting) {
    return is_unused_key(setting.first) && setting.second == volid;
  });
}

void set_key(Model& model, Guest& guest, const std::string& key, const std::string& raw) {
  auto& config = guest.config;
  const auto old = config.values.find(key);
  auto value = stored_value(model, key, raw, old == config.values.end() ? nullptr : &old->second);
  config.pending_delete.erase(key);
  if (guest.running && !is_hotpluggable(key)) {
    config.pending.erase(key);
    if (config.get(key) != value || !config.has(key)) config.pending[key] = std::move(value);
    return;
  }
  if (key_family(key) == "mp") value = with_disk(model, guest, key, value);
  config.pending.erase(key);
  if (key_family(key) == "mp") drop_unused(config, volume_of(value));
  config.values[key] = std::move(value);
}

// What a running container uses goes at its next start; an unused volume goes for good.
void remove_key(Model& model, Guest& guest, const std::string& key) {
  auto& config = guest.config;
  config.pending.erase(key);
  if (!config.has(key)) return;
  const auto family = key_family(key);
  if (is_unused_key(key)) {
    model.volumes.remove(guest.node, config.get(key));
    model.save_volumes();
  } else if (guest.running && (!is_hotpluggable(key) || family == "mp")) {
    config.pending_delete.insert(key);
    return;
  }
  if (family == "mp") add_unused(config, volume_of(config.get(key)));
  config.values.erase(key);
}

void apply_change(Model& model, Guest& guest, const Change& change) {
  model.before_change(guest);
  for (const auto& key : change.revert) {
    guest.config.pending.erase(key);
    guest.config.pending_delete.erase(key);
  }
  for (const auto& key : change.remove) remove_key(model, guest, key);
  for (const auto& [key, value] : change.set) set_key(model, guest, key, value);
  model.save(guest);
}

bool touches_container(const Change& change) {
  const auto touches = [](const std::string& key) {
    return is_hotpluggable(key) && key != "description" && key != "tags" && key != "onboot" &&
           key != "startup" && key != "protection" && key != "lock";
  };
  return std::any_of(change.set.begin(), change.set.end(),
                     [&](const auto& entry) { return touches(entry.first); }) ||
         std::any_of(change.remove.begin(), change.remove.end(), touches);
}

// Mount points whose volume has just been made: "local:8" in the request, another text in the
// config.
std::vector<std::string> new_disks(const Change& change, const GuestConfig& config) {
  std::vector<std::string> keys;
  for (const auto& [key, asked] : change.set) {
    if (key_family(key) != "mp" || !config.has(key)) continue;
    if (volume_of(config.get(key)) != volume_of(asked)) keys.push_back(key);
  }
  return keys;
}

// Requires the config's flock.
Async<Reply> configure_locked(Model& model, const Call& call, Change change) {
  const auto vmid = call.params.vmid();
  const auto node = call.node();
  auto* guest = model.find_container(node, vmid);
  if (guest == nullptr) co_return died(missing_config_text(node, vmid));
  if (auto no = check_guest(*guest, change); no.has_value()) co_return std::move(*no);
  const auto state = co_await model.inspect(vmid);
  guest = model.find_container(node, vmid);
  if (guest == nullptr) co_return died(missing_config_text(node, vmid));
  for (const auto& [key, value] : change.set) {
    if (!state.running) break;
    if (auto no = check_hotplug(model, *guest, key, value); no.has_value()) {
      co_return std::move(*no);
    }
  }
  apply_change(model, *guest, change);
  for (const auto& key : new_disks(change, guest->config)) {
    if (!guest->has_container) break;
    auto with_disk = model.spec_of(*guest);
    const Status made = co_await model.backend.add_disk(std::move(with_disk), key);
    if (!made.ok()) co_return died(message_of(made) + "\n");
    guest = model.find_container(node, vmid);
    if (guest == nullptr) co_return died(missing_config_text(node, vmid));
  }
  if (!guest->has_container || !state.running || !touches_container(change)) co_return done();
  auto spec = model.spec_of(*guest);
  const Status applied = co_await model.backend.apply(std::move(spec));
  if (applied.ok() || change.set.empty()) co_return done();
  const auto key = change.set.begin()->first;
  co_return bad_parameter(key, "unable to hotplug " + key + ": " + message_of(applied) + "\n");
}

Async<Reply> configure_container(Model& model, const Call& call) {
  auto change = read_change(call);
  Params ignored;
  const auto* route = model.router->find(call.method, call.path, ignored);
  if (auto no = check_keys(*route->schema, change); no.has_value()) co_return std::move(*no);
  if (auto no = check_privileges(model, call, change); no.has_value()) co_return std::move(*no);
  const auto vmid = call.params.vmid();
  if (!model.quorate) {
    co_return died(absl::StrFormat(
        "unable to open file '/etc/pve/nodes/%s/lxc/%d.conf.tmp.1' - Permission denied",
        call.params.get("node"), vmid.get()));
  }
  const Status locked = co_await model.tasks.locks().acquire(vmid);
  if (!locked.ok()) co_return died(message_of(locked));
  const HeldLock held(model.tasks.locks(), vmid);
  co_return co_await configure_locked(model, call, std::move(change));
}

}  // namespace

void add_guest_config_routes(std::vector<Route>& routes) {
  routes.push_back({"PUT", "/nodes/{node}/lxc/{vmid}/config", configure_container});
}

}  // namespace gantry::lab
