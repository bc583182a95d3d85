// Clone, template.
// Source: pve-container PVE/API2/LXC.pm (clone_vm, template), PVE/LXC.pm (template_create); answers
// of a real 9.2. Unverified: linked clones, clones of snapshots and to other nodes.
#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/guest_options.h"
#include "pkg/lab/property.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

struct Cloning {
  NodeName node;
  NodeName target_node;  // empty: the same
  VmId source, target;
  std::string storage;  // empty: where the source's disks are
  std::string pool, snapshot;
  bool full = true;
  std::map<std::string, std::string> disks;  // the source's: rootfs, mp0 …
};
using CloningPtr = std::shared_ptr<Cloning>;

// Privileges as in the table of pve-manager: "and(VM.Clone, or(newid, pool))".
Refusal check_clone(const Model& model, const Call& call) {
  const auto& access = model.access;
  const auto pool = call.params.get("pool");
  const auto path = "/vms/" + call.params.get("vmid");
  if (auto no = access.check(call.caller, path, {"VM.Clone"}); no.has_value()) return no;
  if (!pool.empty() && !access.pools().contains(pool)) {
    return not_permitted("(pool '" + pool + "' does not exist)");
  }
  const auto target = "/vms/" + call.params.get("newid");
  if (access.may(call.caller, target, "VM.Allocate")) return std::nullopt;
  if (!pool.empty() && access.may(call.caller, "/pool/" + pool, "VM.Allocate")) {
    return std::nullopt;
  }
  return not_permitted("");
}

Refusal check_target(const Model& model, const Cloning& cloning) {
  if (!cloning.target_node.get().empty() && !model.nodes.contains(cloning.target_node)) {
    return died("no such cluster node '" + cloning.target_node.get() + "'");
  }
  if (cloning.storage.empty()) return std::nullopt;
  const auto* storage = model.volumes.find_storage(cloning.storage);
  if (storage == nullptr) return died("storage '" + cloning.storage + "' does not exist");
  if (!cloning.target_node.get().empty() && !storage->shared) {
    return died("can't clone to non-shared storage '" + cloning.storage + "'");
  }
  return std::nullopt;
}

// Where the copies go, and through which bridges they will speak.
Refusal check_resources(const Model& model, const Call& call, const Guest& source,
                        const Cloning& cloning) {
  bool shared = true;
  for (const auto& [key, value] : source.config.values) {
    if (key_family(key) == "net") {
      if (auto no = check_bridge(model, call.caller, value); no.has_value()) return no;
    }
    if (!is_volume_key(key)) continue;
    const auto volid = volume_of(value);
    const auto id = cloning.storage.empty() ? storage_of(volid) : cloning.storage;
    auto no = check_disk_storage(model, call.caller, source.node, id);
    if (no.has_value()) return no;
    shared = shared && model.volumes.find_storage(id)->shared;
    if (!cloning.full && !has_feature(model, source, "clone")) {
      return died("Linked clone feature for '" + volid + "' is not available");
    }
  }
  if (cloning.target_node.get().empty() || shared) return std::nullopt;
  return died("can't clone CT to node '" + cloning.target_node.get() + "' (CT uses local storage)");
}

Refusal check_source(const Call& call, const Guest& source, const Cloning& cloning) {
  if (auto no = check_lock(source); no.has_value()) return no;
  if (!cloning.full && call.params.has("storage")) {
    return died("parameter 'storage' not allowed for linked clones");
  }
  if (!cloning.snapshot.empty()) {
    if (source.config.snapshots.contains(cloning.snapshot)) return std::nullopt;
    return died("snapshot '" + cloning.snapshot + "' does not exist");
  }
  if (!source.running) return std::nullopt;
  return died("Full clone of a running container is only possible from a snapshot");
}

// Features that only root@pam may set; what becomes of them in a clone is not promised anywhere.
Refusal check_flags(Model& model, const Call& call, GuestConfig& config) {
  const auto features = config.values.find("features");
  if (features == config.values.end() || model.faults.clone_flags == CloneFlags::kept) {
    return std::nullopt;
  }
  const OptionCheck check{model, call.caller, call.params.vmid("newid"), call.params.get("pool")};
  auto no = check_option(check, "features", &features->second);
  if (!no.has_value() || model.faults.clone_flags == CloneFlags::refused) return no;
  const auto& format = *find_property_format("features", model.is_modern());
  auto parts = parse_properties(format, features->second);
  std::erase_if(parts, [](const auto& part) { return part.first != "nesting"; });
  features->second = print_properties(format, parts);
  if (parts.empty()) config.values.erase(features);
  return std::nullopt;
}

// What stands in the new config from the first moment on: everything but the disks.
GuestConfig copied_config(Model& model, const Guest& source, const Call& call, Cloning& cloning) {
  static const std::set<std::string> not_copied{"template", "lock", "parent", "snaptime",
                                                "snapstate"};
  GuestConfig config;
  const auto& values = cloning.snapshot.empty() ? source.config.values
                                                : source.config.snapshots.at(cloning.snapshot);
  for (const auto& [key, value] : values) {
    if (not_copied.contains(key) || is_unused_key(key)) continue;
    if (is_volume_key(key)) {
      cloning.disks[key] = value;
    } else if (key_family(key) == "net") {
      const auto& format = *find_property_format("net", model.is_modern());
      auto parts = parse_properties(format, value);
      parts["hwaddr"] = model.new_hwaddr();
      config.values[key] = print_properties(format, parts);
    } else {
      config.values[key] = value;
    }
  }
  if (call.params.has("hostname")) config.values["hostname"] = call.params.get("hostname");
  if (call.params.has("description")) {
    config.values["description"] =
        stored_value(model, "description", call.params.get("description"), nullptr);
  }
  config.values["lock"] = "create";
  return config;
}

// A linked clone on ZFS names what it hangs on.
DiskVolume link_disk(Model& model, const Cloning& cloning, const StorageOptions& storage,
                     const std::string& base, int64_t bytes) {
  auto volume =
      model.volumes.allocate(cloning.node, storage, cloning.target, bytes, model.clock.now());
  if (storage.type != "zfspool") return volume;
  const auto own = volume.volid;
  volume.volid = base + "/" + own.substr(own.find(':') + 1);
  model.volumes.rename(cloning.node, own, volume.volid);
  return volume;
}

Status allocate_copies(Model& model, Cloning& cloning, Worker& worker) {
  for (auto& [key, value] : cloning.disks) {
    const auto old = volume_of(value);
    worker.log((cloning.full ? "create full clone of mountpoint "
                             : "create linked clone of mount "
                               "point ") +
               key + " (" + old + ")");
    const auto id = cloning.storage.empty() ? storage_of(old) : cloning.storage;
    const auto* storage = model.volumes.find_storage(id);
    if (storage == nullptr) continue;
    const auto* source = model.volumes.find(cloning.node, old);
    const auto bytes = source == nullptr ? 0 : source->size;
    const auto used = source == nullptr || !cloning.full ? 0 : source->used;
    if (used > 0) {
      GANTRY_TRY(check_copy_fits(model, cloning.target, *source, cloning.node, *storage, worker));
    }
    const auto volume =
        cloning.full ? allocate_disk(model, cloning.node, *storage, cloning.target, bytes, worker)
                     : link_disk(model, cloning, *storage, old, bytes);
    model.volumes.set_used(cloning.node, volume.volid, used);
    value = with_volume(key, value, volume.volid, model.is_modern());
  }
  model.save_volumes();
  return Status();
}

Async<Status> copy_content(Model& model, CloningPtr cloning, Worker& worker) {
  const auto* source = model.find_container(cloning->node, cloning->source);
  const auto* target = model.find_guest(cloning->target);
  if (source == nullptr) co_return failed(missing_config_text(cloning->node, cloning->source));
  if (target == nullptr) co_return failed(missing_config_text(cloning->node, cloning->target));
  if (!source->has_container) co_return Status();
  auto from = model.spec_of(*source);
  auto to = model.spec_of(*target);
  const LogSink log = [&worker](std::string line) { worker.log(line); };
  if (cloning->snapshot.empty()) {
    co_return co_await model.backend.clone(std::move(from), std::move(to), log);
  }
  auto copy = snapshot_copy(cloning->source, cloning->snapshot);
  co_return co_await model.backend.load(std::move(to), std::move(copy), log);
}

void unlock(Model& model, VmId vmid, const std::string& lock) {
  auto* guest = model.find_guest(vmid);
  if (guest == nullptr || guest->config.get("lock") != lock) return;
  model.before_change(*guest);
  guest->config.values.erase("lock");
  model.save(*guest);
}

Async<Status> clone_work(Model& model, CloningPtr cloning, Worker& worker) {
  worker.log(absl::StrFormat("creating a clone of container %d with ID %d", cloning->source.get(),
                             cloning->target.get()));
  GANTRY_CO_TRY(allocate_copies(model, *cloning, worker));
  auto* target = model.find_guest(cloning->target);
  if (target == nullptr) co_return failed(missing_config_text(cloning->node, cloning->target));
  for (const auto& [key, value] : cloning->disks) target->config.values[key] = value;
  const auto* source = model.find_guest(cloning->source);
  target->has_container = source == nullptr || source->has_container;
  model.save(*target);
  GANTRY_CO_TRY(co_await copy_content(model, cloning, worker));
  if (!cloning->pool.empty()) {
    model.access.set_pool(cloning->target, cloning->pool);
    model.save_access();
  }
  unlock(model, cloning->source, "disk");
  unlock(model, cloning->target, "create");
  target = model.find_guest(cloning->target);
  if (target != nullptr && !cloning->target_node.get().empty()) {
    model.move_guest(*target, cloning->target_node);
  }
  co_return Status();
}

Async<void> clone_undo(Model& model, CloningPtr cloning) {
  unlock(model, cloning->source, "disk");
  co_await destroy_disks(model, cloning->node, cloning->target);
  model.remove_guest(cloning->target);
}

CloningPtr read_cloning(const Call& call) {
  auto cloning = std::make_shared<Cloning>();
  cloning->node = call.node();
  cloning->source = call.params.vmid();
  cloning->target = call.params.vmid("newid");
  cloning->storage = call.params.get("storage");
  cloning->pool = call.params.get("pool");
  cloning->snapshot = call.params.get("snapname");
  const auto target = call.params.get("target");
  if (target != "localhost" && target != call.node().get()) cloning->target_node = NodeName(target);
  return cloning;
}

Async<Reply> clone_container(Model& model, const Call& call) {
  if (auto no = check_clone(model, call); no.has_value()) co_return std::move(*no);
  auto cloning = read_cloning(call);
  if (auto no = check_target(model, *cloning); no.has_value()) co_return std::move(*no);
  if (auto no = model.check_quorum(); no.has_value()) co_return std::move(*no);
  (void)co_await model.inspect(cloning->source);
  if (const auto* taken = model.find_guest(cloning->target); taken != nullptr) {
    co_return died(already_exists_text(*taken));
  }
  auto* source = model.find_container(cloning->node, cloning->source);
  if (source == nullptr) co_return died(missing_config_text(cloning->node, cloning->source));
  cloning->full = call.params.flag("full", !source->config.flag("template"));
  if (auto no = check_source(call, *source, *cloning); no.has_value()) co_return std::move(*no);
  auto no = check_resources(model, call, *source, *cloning);
  if (no.has_value()) co_return std::move(*no);
  auto config = copied_config(model, *source, call, *cloning);
  if (auto flags = check_flags(model, call, config); flags.has_value()) co_return std::move(*flags);
  source->config.values["lock"] = "disk";
  model.save(*source);
  model.add_guest(cloning->target, cloning->node, std::move(config));
  Job job;
  job.type = "vzclone";
  job.id = std::to_string(cloning->source.get());
  job.locks = cloning->target;
  job.failure_prefix = "clone failed: ";
  job.work = [&model, cloning](Worker& worker) { return clone_work(model, cloning, worker); };
  job.undo = [&model, cloning](Worker&) { return clone_undo(model, cloning); };
  co_return done(model.tasks.start(cloning->node, call.caller, std::move(job)).get());
}

// ---- template ----

// The disks get their other names at once, which is what everybody sees.
Async<Status> template_work(Model& model, NodeName node, VmId vmid, Worker&) {
  auto* guest = model.find_container(node, vmid);
  if (guest == nullptr) co_return failed(missing_config_text(node, vmid));
  auto from = model.spec_of(*guest);
  model.before_change(*guest);
  for (auto& [key, value] : guest->config.values) {
    if (!is_volume_key(key)) continue;
    const auto old = volume_of(value);
    model.volumes.rename(node, old, base_name(old));
    value = with_volume(key, value, base_name(old), model.is_modern());
  }
  guest->config.values["template"] = "1";
  model.save(*guest);
  model.save_volumes();
  if (!guest->has_container) co_return Status();
  auto to = model.spec_of(*guest);
  const LogSink quiet = [](std::string) {};
  co_return co_await model.backend.move(std::move(from), std::move(to), quiet);
}

// Answers null although it starts a task.
Reply make_template(Model& model, const Call& call) {
  const auto node = call.node();
  const auto vmid = call.params.vmid();
  auto* guest = model.find_container(node, vmid);
  if (guest == nullptr) return died(missing_config_text(node, vmid));
  if (auto no = check_lock(*guest); no.has_value()) return std::move(*no);
  if (!guest->config.snapshots.empty()) {
    return died("unable to create template, because CT contains snapshots");
  }
  if (guest->config.flag("template")) {
    return died("you can't convert a template to a template");
  }
  if (guest->running) return died("you can't convert a CT to template if the CT is running");
  Job job;
  job.type = "vztemplate";
  job.id = std::to_string(vmid.get());
  job.locks = vmid;
  job.work = [&model, node, vmid](Worker& worker) {
    return template_work(model, node, vmid, worker);
  };
  model.tasks.start(node, call.caller, std::move(job));
  return done();
}

}  // namespace

void add_guest_clone_routes(std::vector<Route>& routes) {
  const std::string one = "/nodes/{node}/lxc/{vmid}";
  routes.push_back({"POST", one + "/clone", clone_container});
  routes.push_back({"POST", one + "/template", make_template});
}

}  // namespace gantry::lab
