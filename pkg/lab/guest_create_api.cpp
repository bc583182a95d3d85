// POST /nodes/{node}/lxc: creation, with everything that only shows later.
// Source: pve-container PVE/API2/LXC.pm (create_vm), PVE/LXC/Create.pm; answers of a real 9.2.
#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/guest_options.h"
#include "pkg/lab/guest_power.h"
#include "pkg/lab/property.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

// What a create task works on.
struct Creation {
  NodeName node;
  VmId vmid;
  Caller caller;
  std::map<std::string, std::string> options;  // as they will stand in the config, disks not yet
  std::map<std::string, NewDisk> disks;        // rootfs, mp0 … → where and how large
  std::string volume;                          // local:vztmpl/debian-12….tar.zst
  std::string template_name;                   // debian-12….tar.zst
  std::string pool;
  bool start = false;
  int64_t bytes_per_second = 0;  // bwlimit; 0: none
};
using CreationPtr = std::shared_ptr<Creation>;

// Parameters that are no config options.
bool is_option(const std::string& key) {
  static const std::set<std::string> others{"node",
                                            "vmid",
                                            "ostemplate",
                                            "password",
                                            "ssh-public-keys",
                                            "pool",
                                            "start",
                                            "storage",
                                            "force",
                                            "restore",
                                            "unique",
                                            "bwlimit",
                                            "ignore-unpack-errors",
                                            "ha-managed"};
  return !others.contains(key);
}

Refusal check_allocate(const Model& model, const Call& call) {
  const auto pool = call.params.get("pool");
  if (!pool.empty() && !model.access.pools().contains(pool)) {
    return not_permitted("(pool '" + pool + "' does not exist)");
  }
  const auto path = "/vms/" + call.params.get("vmid");
  if (model.access.may(call.caller, path, "VM.Allocate")) return std::nullopt;
  if (!pool.empty() && model.access.may(call.caller, "/pool/" + pool, "VM.Allocate")) {
    return std::nullopt;
  }
  return not_permitted("");
}

Refusal check_options(const Model& model, const Call& call, bool unprivileged) {
  const OptionCheck check{model,   call.caller, call.params.vmid(), call.params.get("pool"),
                          nullptr, unprivileged};
  if (!unprivileged && model.is_modern()) {
    if (auto no = model.access.check(call.caller, "/", {"Sys.Modify"}); no.has_value()) return no;
  }
  if (call.params.flag("ha-managed")) {
    if (auto no = model.access.check(call.caller, "/", {"Sys.Console"}); no.has_value()) return no;
  }
  for (const auto& [key, value] : call.params.values()) {
    if (!is_option(key) || key == "unprivileged") continue;
    if (auto no = check_option(check, key, &value); no.has_value()) return no;
  }
  return std::nullopt;
}

// A template may be used by who may see its storage.
Refusal check_template(const Model& model, const Call& call) {
  const auto volume = call.params.get("ostemplate");
  const auto storage = storage_of(volume);
  if (storage.empty()) return died("unable to parse volume ID '" + volume + "'");
  if (model.volumes.find_storage(storage) == nullptr) {
    return died("storage '" + storage + "' does not exist");
  }
  return model.access.check_any(call.caller, "/storage/" + storage,
                                {"Datastore.AllocateSpace", "Datastore.Audit"});
}

Refusal collect_disks(const Model& model, const Call& call, Creation& creation) {
  for (const auto& [key, value] : call.params.values()) {
    if (!is_volume_key(key)) continue;
    const auto parts = parse_properties(*find_property_format(key_family(key), true), value);
    const auto disk = parse_new_disk(parts.at("volume"));
    if (!disk.has_value()) return died("unable to parse volume ID '" + parts.at("volume") + "'");
    creation.disks[key] = *disk;
  }
  if (!creation.disks.empty() && !creation.disks.contains("rootfs")) {
    return died("mount points configured, but 'rootfs' not set - aborting");
  }
  if (creation.disks.empty()) {
    creation.disks["rootfs"] = NewDisk{call.params.get("storage", "local"), int64_t{4} << 30};
  }
  for (const auto& [key, disk] : creation.disks) {
    if (auto no = check_disk_storage(model, call.caller, creation.node, disk.storage);
        no.has_value()) {
      return no;
    }
  }
  return std::nullopt;
}

void collect_options(Model& model, const Call& call, Creation& creation) {
  auto& options = creation.options;
  for (const auto& [key, value] : call.params.values()) {
    if (is_option(key)) options[key] = stored_value(model, key, value, nullptr);
  }
  options.try_emplace("arch", "amd64");
  options.try_emplace("hostname", "CT" + std::to_string(creation.vmid.get()));
  options.try_emplace("memory", "512");
  options.try_emplace("swap", "512");
  const auto family = creation.template_name.substr(0, creation.template_name.find('-'));
  options.try_emplace("ostype", ostype_of(family));
  if (!call.params.has("unprivileged") && model.is_modern()) options["unprivileged"] = "1";
}

Status check_template_there(const Model& model, const Creation& creation, Worker& worker) {
  if (model.backend.templates().contains(creation.template_name)) return Status();
  const auto text = "volume '" + creation.volume + "' does not exist";
  worker.log(text);
  return failed(text);
}

Status check_space(Model& model, const Creation& creation, Worker& worker) {
  const auto& root = creation.disks.at("rootfs");
  const auto* storage = model.volumes.find_storage(root.storage);
  const auto space = model.volumes.space(creation.node, *storage);
  // An unpacked template is about three times its archive (66 MB → 182 MB, observed).
  const auto needed = model.backend.templates().at(creation.template_name) * 3;
  if (space.total - space.used >= needed) return Status();
  worker.log("tar: ./usr/lib: Cannot write: No space left on device");
  return failed(
      "command 'lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- tar xpf - "
      "--totals --one-file-system' failed: exit code 2 (No space left on device)");
}

void allocate_disks(Model& model, Creation& creation, Worker& worker) {
  for (const auto& [key, disk] : creation.disks) {
    const auto& storage = *model.volumes.find_storage(disk.storage);
    const auto volume =
        allocate_disk(model, creation.node, storage, creation.vmid, disk.bytes, worker);
    const auto& format = *find_property_format(key_family(key), model.is_modern());
    auto parts = parse_properties(format, creation.options[key]);
    parts["volume"] = volume.volid;
    if (disk.bytes > 0) parts["size"] = print_size(disk.bytes);
    creation.options[key] = print_properties(format, parts);
  }
  model.save_volumes();
}

// The lock goes long before the task ends, and with it comes only half of the config (observed).
void write_half(Model& model, const Creation& creation) {
  auto* guest = model.find_guest(creation.vmid);
  if (guest == nullptr) return;
  GuestConfig half;
  for (const char* key : {"arch", "ostype", "rootfs", "unprivileged"}) {
    const auto it = creation.options.find(key);
    if (it != creation.options.end()) half.values[key] = it->second;
  }
  guest->config = std::move(half);
  model.save(*guest);
}

void write_whole(Model& model, const Creation& creation) {
  auto* guest = model.find_guest(creation.vmid);
  if (guest == nullptr) return;
  model.before_change(*guest);
  guest->config.values = creation.options;
  model.save(*guest);
  if (creation.pool.empty()) return;
  model.access.set_pool(creation.vmid, creation.pool);
  model.save_access();
}

bool wants_nesting(const Creation& creation) {
  if (!starts_with(creation.template_name, "debian-13")) return false;
  const auto it = creation.options.find("features");
  return it == creation.options.end() || it->second.find("nesting=1") == std::string::npos;
}

// What tar is run as (the exit text names all of it; observed), with the reader that limits it.
std::string unpack_command(const Creation& creation) {
  const auto id = std::to_string(creation.vmid.get());
  std::string text = "command '";
  if (creation.bytes_per_second > 0) {
    text += absl::StrFormat("set -o pipefail && cstream -t %d | ", creation.bytes_per_second);
  }
  return text +
         "lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- tar xpf - --zstd --totals "
         "--one-file-system -p --sparse --numeric-owner --acls --xattrs "
         "'--xattrs-include=user.*' '--xattrs-include=security.capability' "
         "'--warning=no-file-ignored' '--warning=no-xattr-write' -C /var/lib/lxc/" +
         id + "/rootfs --skip-old-files --anchored --exclude './dev/*'' failed: ";
}

// The archive goes through at most that fast.
Async<Status> limit_bandwidth(Model& model, const Creation& creation) {
  if (creation.bytes_per_second <= 0) co_return Status();
  const auto bytes = model.backend.templates().at(creation.template_name);
  co_return co_await model.clock.sleep_for(bytes * 1s / creation.bytes_per_second);
}

// A Debian makes its host keys when it is unpacked (PVE/LXC/Setup/Base.pm).
void log_host_keys(Model& model, const Creation& creation, Worker& worker) {
  if (creation.options.at("ostype") != "debian") return;
  for (const char* kind : {"ed25519", "rsa", "ecdsa"}) {
    worker.log(absl::StrFormat(
        "Creating SSH host key 'ssh_host_%s_key' - this may take some time ...", kind));
    worker.log("done: SHA256:" + model.random.uuid().get() + " root@localhost");
  }
}

Async<Status> create_work(Model& model, CreationPtr creation, Worker& worker) {
  allocate_disks(model, *creation, worker);
  GANTRY_CO_TRY(check_template_there(model, *creation, worker));
  const auto* templates = model.volumes.find_storage(storage_of(creation->volume));
  worker.log("extracting archive '" + path_of(*templates, creation->volume) + "'");
  GANTRY_CO_TRY(check_space(model, *creation, worker));
  auto spec = model.spec_of(creation->node, creation->vmid, creation->options);
  GANTRY_CO_TRY(co_await limit_bandwidth(model, *creation));
  const LogSink log = [&worker](std::string line) { worker.log(line); };
  GANTRY_CO_TRY(co_await model.backend.create(spec, creation->template_name, log));
  const auto unpacked = model.backend.templates().at(creation->template_name) * 3;
  model.volumes.set_used(creation->node, spec.rootfs.volid, unpacked);
  model.save_volumes();
  write_half(model, *creation);
  worker.log("Detected container architecture: " + creation->options.at("arch"));
  log_host_keys(model, *creation, worker);
  GANTRY_CO_TRY(co_await model.clock.sleep_for(300ms));
  if (wants_nesting(*creation)) {
    worker.warn("Systemd 257 detected. You may need to enable nesting.");
  }
  write_whole(model, *creation);
  // A task of its own, whose failure this one does not show (observed).
  if (creation->start) {
    model.tasks.start(creation->node, creation->caller,
                      make_start_job(model, creation->node, creation->vmid));
  }
  co_return Status();
}

// A failed or interrupted create leaves nothing; only a killed one does.
Async<void> create_undo(Model& model, CreationPtr creation) {
  co_await destroy_disks(model, creation->node, creation->vmid);
  model.remove_guest(creation->vmid);
}

Job make_job(Model& model, CreationPtr creation) {
  Job job;
  job.type = "vzcreate";
  job.id = std::to_string(creation->vmid.get());
  job.locks = creation->vmid;
  job.failure_prefix = "unable to create CT " + job.id + " - ";
  job.interrupted = unpack_command(*creation) + "received interrupt";
  job.work = [&model, creation](Worker& worker) { return create_work(model, creation, worker); };
  job.undo = [&model, creation](Worker&) { return create_undo(model, creation); };
  return job;
}

Reply create_container(Model& model, const Call& call) {
  if (auto no = model.check_quorum(); no.has_value()) return std::move(*no);
  auto creation = std::make_shared<Creation>();
  creation->node = call.node();
  creation->vmid = call.params.vmid();
  creation->caller = call.caller;
  creation->pool = call.params.get("pool");
  creation->start = call.params.flag("start");
  creation->bytes_per_second = call.params.integer("bwlimit", 0) * 1024;
  if (const auto* guest = model.find_guest(creation->vmid); guest != nullptr) {
    return died(already_exists_text(*guest));
  }
  const bool unprivileged = call.params.flag("unprivileged", model.is_modern());
  if (auto no = check_allocate(model, call); no.has_value()) return std::move(*no);
  if (auto no = check_options(model, call, unprivileged); no.has_value()) return std::move(*no);
  if (call.params.flag("restore")) return died("lab: restore is not modelled");
  if (auto no = check_template(model, call); no.has_value()) return std::move(*no);
  if (auto no = collect_disks(model, call, *creation); no.has_value()) return std::move(*no);
  creation->volume = call.params.get("ostemplate");
  creation->template_name = creation->volume.substr(creation->volume.rfind('/') + 1);
  collect_options(model, call, *creation);
  GuestConfig locked;
  locked.values["lock"] = "create";
  model.add_guest(creation->vmid, creation->node, std::move(locked));
  return done(model.tasks.start(creation->node, call.caller, make_job(model, creation)).get());
}

}  // namespace

void add_guest_create_routes(std::vector<Route>& routes) {
  routes.push_back({"POST", "/nodes/{node}/lxc", create_container});
}

}  // namespace gantry::lab
