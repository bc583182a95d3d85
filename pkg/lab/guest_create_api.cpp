// POST /nodes/{node}/lxc: creation, with everything that only shows later.
// Source: pve-container PVE/API2/LXC.pm (create_vm), PVE/LXC/Create.pm; answers of a real 9.2.
#include "pkg/base/text.h"
#include "pkg/lab/guest_create.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/guest_options.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

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

bool overwrites(const Model& model, const Call& call) {
  const auto* guest = model.find_guest(call.params.vmid());
  return call.params.flag("restore") && call.params.flag("force") && guest != nullptr &&
         guest->node == call.node() && guest->type == pve::GuestType::lxc;
}

// The id must be free, or the container that a restore replaces must be down and unprotected.
Refusal check_id(const Model& model, const Call& call) {
  const auto* guest = model.find_guest(call.params.vmid());
  if (guest == nullptr) return std::nullopt;
  if (!overwrites(model, call)) return died(already_exists_text(*guest));
  if (guest->running) return died("can't overwrite running container");
  const auto name = "unable to restore CT " + call.params.get("vmid");
  if (guest->config.flag("protection")) return died(name + " - protection mode enabled");
  if (!guest->config.has("lock")) return std::nullopt;
  return died(name + " - CT is locked (" + guest->config.get("lock") + ")");
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
  // Who may make a backup may put it back over what is there.
  if (overwrites(model, call) && model.access.may(call.caller, path, "VM.Backup")) {
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

// A backup of another container needs that one's privilege, too
// (PVE/Storage.pm, check_volume_access).
Refusal check_backup(Model& model, const Call& call) {
  const auto volid = call.params.get("ostemplate");
  const auto id = storage_of(volid);
  if (id.empty()) return died("unable to parse volume ID '" + volid + "'");
  if (model.volumes.find_storage(id) == nullptr) return died("storage '" + id + "' does not exist");
  const auto* backup = model.volumes.find_file(call.node(), volid);
  if (backup == nullptr || backup->vmid == call.params.vmid()) return std::nullopt;
  auto no = model.access.check(call.caller, "/storage/" + id, {"Datastore.AllocateSpace"});
  if (no.has_value()) return no;
  return model.access.check(call.caller, "/vms/" + std::to_string(backup->vmid.get()),
                            {"VM.Backup"});
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
  if (creation.disks.empty() && call.params.flag("restore")) {
    const auto storage = call.params.get("storage", "local");
    return check_disk_storage(model, call.caller, creation.node, storage);
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
  if (call.params.flag("restore")) return;  // the rest comes from the backup
  options.try_emplace("arch", "amd64");
  options.try_emplace("hostname", "CT" + std::to_string(creation.vmid.get()));
  options.try_emplace("memory", "512");
  options.try_emplace("swap", "512");
  const auto family = creation.template_name.substr(0, creation.template_name.find('-'));
  options.try_emplace("ostype", ostype_of(family));
  if (!call.params.has("unprivileged") && model.is_modern()) options["unprivileged"] = "1";
}

// Only this much is there until the worker is done.
void lock_id(Model& model, const Creation& creation) {
  auto* guest = model.find_guest(creation.vmid);
  if (guest != nullptr) {
    guest->config.values["lock"] = "create";
    return model.save(*guest);
  }
  GuestConfig locked;
  locked.values["lock"] = "create";
  model.add_guest(creation.vmid, creation.node, std::move(locked));
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
  creation->ha_managed = call.params.flag("ha-managed");
  creation->unique = call.params.flag("unique");
  creation->storage = call.params.get("storage", "local");
  creation->overwrites = overwrites(model, call);
  const bool restores = call.params.flag("restore");
  const bool unprivileged = call.params.flag("unprivileged", model.is_modern() || restores);
  if (auto no = check_id(model, call); no.has_value()) return std::move(*no);
  if (auto no = check_allocate(model, call); no.has_value()) return std::move(*no);
  if (auto no = check_options(model, call, unprivileged); no.has_value()) return std::move(*no);
  auto no_archive = restores ? check_backup(model, call) : check_template(model, call);
  if (no_archive.has_value()) return std::move(*no_archive);
  if (auto no = collect_disks(model, call, *creation); no.has_value()) return std::move(*no);
  creation->volume = call.params.get("ostemplate");
  creation->template_name = creation->volume.substr(creation->volume.rfind('/') + 1);
  collect_options(model, call, *creation);
  lock_id(model, *creation);
  auto job = restores ? make_restore_job(model, creation) : make_create_job(model, creation);
  return done(model.tasks.start(creation->node, call.caller, std::move(job)).get());
}

}  // namespace

void add_guest_create_routes(std::vector<Route>& routes) {
  routes.push_back({"POST", "/nodes/{node}/lxc", create_container});
}

}  // namespace gantry::lab
