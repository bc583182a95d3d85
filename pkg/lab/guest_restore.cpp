// Restore: a create whose content and config come from a backup.
#include "pkg/base/text.h"
#include "pkg/lab/guest_create.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/guest_options.h"

namespace gantry::lab {
namespace {

// What the backup says, under what the call says.
Status merge(Model& model, Creation& creation, const FileVolume& backup) {
  for (const auto& [key, value] : backup.config.values) {
    if (is_volume_key(key) || is_unused_key(key) || key == "lock" || key == "parent") continue;
    if (creation.options.contains(key)) continue;
    creation.options[key] = value;
    if (key_family(key) != "net") continue;
    const auto no = check_bridge(model, creation.caller, value);
    if (no.has_value()) return failed(no->reason);
    if (!creation.unique) continue;
    const auto& format = *find_property_format("net", model.is_modern());
    auto parts = parse_properties(format, value);
    parts["hwaddr"] = model.new_hwaddr();
    creation.options[key] = print_properties(format, parts);
  }
  creation.options.try_emplace("hostname", "CT" + std::to_string(creation.vmid.get()));
  if (!creation.disks.empty()) return Status();
  for (const auto& [key, value] : backup.config.values) {
    if (!is_volume_key(key)) continue;
    const auto parts = parse_properties(*find_property_format(key_family(key), true), value);
    const auto size = parts.find("size");
    const auto bytes = size == parts.end() ? 0 : parse_size(size->second).value_or(0);
    creation.disks[key] = NewDisk{creation.storage, bytes};
    creation.options[key] = value;
  }
  if (creation.disks.contains("rootfs")) return Status();
  return failed("rootfs configuration could not be recovered, please check and specify manually!");
}

// The container that was there, after its successor's disks have their names.
Async<Status> remove_old(Model& model, CreationPtr creation, ContainerSpec old) {
  if (old.rootfs.volid.empty()) co_return Status();
  std::vector<std::string> volids{old.rootfs.volid};
  for (const auto& mount : old.mounts) volids.push_back(mount.volid);
  const LogSink quiet = [](std::string) {};
  GANTRY_CO_TRY(co_await model.backend.destroy(std::move(old), quiet));
  for (const auto& volid : volids) model.volumes.remove(creation->node, volid);
  co_return Status();
}

Async<Status> restore_work(Model& model, CreationPtr creation, Worker& worker) {
  auto* guest = model.find_container(creation->node, creation->vmid);
  if (guest == nullptr) co_return failed(missing_config_text(creation->node, creation->vmid));
  if (guest->running) co_return failed("can't overwrite running container");
  auto old = model.spec_of(*guest);
  worker.log("recovering backed-up configuration from '" + creation->volume + "'");
  const auto* backup = model.volumes.find_file(creation->node, creation->volume);
  if (backup == nullptr) co_return failed("volume '" + creation->volume + "' does not exist");
  const auto packed = backup->size;
  GANTRY_CO_TRY(merge(model, *creation, *backup));
  const bool was_template = creation->options.erase("template") > 0;
  allocate_disks(model, *creation, worker);
  creation->overwrites = false;  // from here on a failure leaves nothing
  GANTRY_CO_TRY(co_await remove_old(model, creation, std::move(old)));
  worker.log("restoring '" + creation->volume + "' now..");
  const auto& storage = *model.volumes.find_storage(storage_of(creation->volume));
  worker.log("extracting archive '" + path_of(storage, creation->volume) + "'");
  // An archive is taken to have been packed to the half (backup_api.cpp).
  const auto unpacked = 2 * packed;
  GANTRY_CO_TRY(check_room(model, *creation, unpacked, worker));
  auto spec = model.spec_of(creation->node, creation->vmid, creation->options);
  const auto rootfs = spec.rootfs.volid;
  const LogSink log = [&worker](std::string line) { worker.log(line); };
  GANTRY_CO_TRY(co_await model.backend.load(std::move(spec), creation->volume, log));
  model.volumes.set_used(creation->node, rootfs, unpacked);
  model.save_volumes();
  worker.log("merging backed-up and given configuration..");
  if (was_template) creation->options["template"] = "1";
  write_whole(model, *creation);
  follow_up(model, *creation, worker);
  co_return Status();
}

Async<void> restore_undo(Model& model, CreationPtr creation) {
  auto* guest = model.find_guest(creation->vmid);
  if (creation->overwrites && guest != nullptr) {
    guest->config.values.erase("lock");
    model.save(*guest);
    co_return;
  }
  co_await destroy_disks(model, creation->node, creation->vmid);
  model.remove_guest(creation->vmid);
}

}  // namespace

Job make_restore_job(Model& model, CreationPtr creation) {
  Job job;
  job.type = "vzrestore";
  job.id = std::to_string(creation->vmid.get());
  job.locks = creation->vmid;
  job.failure_prefix = "unable to restore CT " + job.id + " - ";
  job.work = [&model, creation](Worker& worker) { return restore_work(model, creation, worker); };
  job.undo = [&model, creation](Worker&) { return restore_undo(model, creation); };
  return job;
}

}  // namespace gantry::lab
