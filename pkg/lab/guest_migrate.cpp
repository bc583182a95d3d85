#include "pkg/lab/guest_migrate.h"

#include "pkg/base/text.h"
#include "pkg/lab/guest_power.h"
#include "pkg/lab/property.h"

namespace gantry::lab {
namespace {

struct Mover {
  Migration what;
  Time began;
  bool was_running = false;
  bool locked = false;  // `lock: migrate` is ours
  bool moved = false;
  std::map<std::string, std::string> copies;  // volume here → its copy there
};
using MoverPtr = std::shared_ptr<Mover>;

void say(const Model& model, Worker& worker, const std::string& text) {
  worker.log(log_time(model.clock.now()) + " " + text);
}

std::string duration_text(const Model& model, const Mover& mover) {
  const auto seconds = (model.clock.now() - mover.began) / std::chrono::seconds(1);
  return absl::StrFormat("(duration %02d:%02d:%02d)", seconds / 3600, seconds / 60 % 60,
                         seconds % 60);
}

// Volumes that have to be copied: what the config names, and what else bears the guest's number.
std::map<std::string, std::string> local_volumes(const Model& model, const Guest& guest) {
  std::map<std::string, std::string> found;
  const auto add = [&](const std::string& volid, const char* how) {
    const auto* storage = model.volumes.find_storage(storage_of(volid));
    if (storage != nullptr && !storage->shared) found[volid] = how;
  };
  for (const auto& volume : model.volumes.of_guest(guest.node, guest.vmid)) {
    add(volume.volid, "via storage");
  }
  const auto spec = model.spec_of(guest);
  if (!spec.rootfs.volid.empty()) add(spec.rootfs.volid, "in current VM config");
  for (const auto& mount : spec.mounts) add(mount.volid, "in current VM config");
  return found;
}

// A storage that disks come from or go to.
Status check_migration_storage(const Model& model, const NodeName& node, const std::string& id) {
  const auto* storage = model.volumes.find_storage(id);
  if (storage == nullptr) return failed("storage '" + id + "' does not exist");
  if (!model.volumes.is_on(*storage, node)) {
    return failed("storage '" + id + "' is not available on node '" + node.get() + "'");
  }
  if (!storage->content.contains("rootdir")) {
    return failed("content type 'rootdir' is not available on storage '" + id + "'");
  }
  return Status();
}

Status check_storages(const Model& model, const Migration& what, const Guest& guest) {
  for (const auto& [key, value] : guest.config.values) {
    if (!is_volume_key(key) && !is_unused_key(key)) continue;
    const auto volid = volume_of(value);
    const auto storage = storage_of(volid);
    if (volid.empty() || storage.empty()) {
      return failed("can't determine assigned storage for mount point '" + key + "'");
    }
    GANTRY_TRY(check_migration_storage(model, what.node, storage));
    const bool shared = model.volumes.find_storage(storage)->shared;
    GANTRY_TRY(
        check_migration_storage(model, what.target, shared ? storage : what.storages.of(storage)));
  }
  return Status();
}

// Nothing is changed yet but that the container ends.
Async<Status> prepare(Model& model, MoverPtr mover, Worker& worker) {
  const auto& what = mover->what;
  const auto state = co_await model.inspect(what.vmid);
  auto* guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(what.node, what.vmid));
  if (guest->config.has("lock")) {
    co_return failed("CT is locked (" + guest->config.get("lock") + ")");
  }
  if (state.running && what.online) {
    co_return failed("lxc live migration is currently not implemented");
  }
  if (state.running && !what.restart) {
    co_return failed("running container can only be migrated in restart mode");
  }
  GANTRY_CO_TRY(check_storages(model, what, *guest));
  if (!model.nodes.at(what.target).online) {
    co_return failed("Can't connect to destination address using public key");
  }
  if (!state.running) co_return Status();
  mover->was_running = true;
  say(model, worker, absl::StrFormat("shutdown CT %d", what.vmid.get()));
  ShutdownOptions options;
  options.timeout = what.timeout;
  co_return co_await shutdown_now(model, what.node, what.vmid, options, worker);
}

// What a linked clone hangs on, as its name tells (zfs:basevol-100-disk-0/subvol-101-disk-0).
std::string base_of(const Model& model, const std::string& volid) {
  const auto* storage = model.volumes.find_storage(storage_of(volid));
  const auto name = volid.substr(volid.find(':') + 1);
  const auto slash = name.find('/');
  if (storage == nullptr || storage->type != "zfspool" || slash == std::string::npos) return "";
  return name.substr(0, slash);
}

// Names the copies; their content follows.
Status make_copies(Model& model, Mover& mover, const Guest& guest, Worker& worker) {
  const auto found = local_volumes(model, guest);
  for (const auto& [volid, how] : found) {
    say(model, worker, "found local volume '" + volid + "' (" + how + ")");
  }
  for (const auto& [volid, how] : found) {
    const auto base = base_of(model, volid);
    if (base.empty()) continue;
    say(model, worker, "can't migrate local volume '" + volid + "': clone of '" + base + "'");
    return failed("can't migrate CT - check log");
  }
  for (const auto& [volid, how] : found) {
    const auto* storage = model.volumes.find_storage(mover.what.storages.of(storage_of(volid)));
    if (storage == nullptr) return failed("storage of '" + volid + "' does not exist");
    const auto* source = model.volumes.find(mover.what.node, volid);
    if (source != nullptr && !model.volumes.has_room(mover.what.target, *storage, source->used)) {
      return failed("storage migration for '" + volid + "' to storage '" + storage->id.get() +
                    "' failed - write: No space left on device");
    }
    const auto copy = model.volumes.copy(mover.what.node, volid, mover.what.target, *storage);
    if (!copy.has_value()) return failed("volume '" + volid + "' does not exist");
    mover.copies[volid] = copy->volid;
  }
  return Status();
}

std::map<std::string, std::string> config_with(const Model& model, const Guest& guest,
                                               const std::map<std::string, std::string>& copies) {
  auto values = guest.config.values;
  for (auto& [key, value] : values) {
    const auto copy = copies.find(volume_of(value));
    if (copy == copies.end() || !(is_volume_key(key) || is_unused_key(key))) continue;
    value = with_volume(key, value, copy->second, model.is_modern());
  }
  return values;
}

Async<Status> copy_disks(Model& model, MoverPtr mover, Worker& worker) {
  const auto& what = mover->what;
  auto* guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(what.node, what.vmid));
  GANTRY_CO_TRY(make_copies(model, *mover, *guest, worker));
  if (mover->copies.empty() || !guest->has_container) co_return Status();
  auto from = model.spec_of(*guest);
  auto to = model.spec_of(what.target, what.vmid, config_with(model, *guest, mover->copies));
  const LogSink log = [&worker](std::string line) { worker.log(line); };
  GANTRY_CO_TRY(co_await model.backend.move(std::move(from), std::move(to), log));
  if (!model.nodes.at(what.target).online) {
    const auto& [volid, copy] = *mover->copies.begin();
    co_return failed("storage migration for '" + volid + "' to storage '" + storage_of(copy) +
                     "' failed - no route to host");
  }
  for (const auto& [volid, copy] : mover->copies) {
    say(model, worker, "volume '" + volid + "' is '" + copy + "' on the target");
  }
  co_return Status();
}

Async<Status> move(Model& model, MoverPtr mover, Worker& worker) {
  const auto& what = mover->what;
  auto* guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(what.node, what.vmid));
  const auto& address = model.nodes.at(what.target).options.address;
  say(model, worker,
      absl::StrFormat("starting migration of CT %d to node '%s' (%s)", what.vmid.get(),
                      what.target.get(), address));
  model.before_change(*guest);
  guest->config.values["lock"] = "migrate";
  model.save(*guest);
  mover->locked = true;
  GANTRY_CO_TRY(co_await copy_disks(model, mover, worker));
  guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(what.node, what.vmid));
  guest->config.values = config_with(model, *guest, mover->copies);
  for (const auto& [volid, copy] : mover->copies) model.volumes.remove(what.node, volid);
  model.move_guest(*guest, what.target);
  model.save_volumes();
  mover->moved = true;
  co_return Status();
}

// Also after an interrupt: the lock goes, and what ran runs again, here or there.
Async<Status> clean_up(Model& model, MoverPtr mover, Worker& worker) {
  if (!mover->locked) co_return Status();
  mover->locked = false;
  const auto& what = mover->what;
  if (!mover->moved) {
    say(model, worker, "aborting phase 1 - cleanup resources");
    for (const auto& [volid, copy] : mover->copies) model.volumes.remove(what.target, copy);
    model.save_volumes();
  }
  say(model, worker, "start final cleanup");
  const auto node = mover->moved ? what.target : what.node;
  auto* guest = model.find_container(node, what.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(node, what.vmid));
  model.before_change(*guest);
  guest->config.values.erase("lock");
  model.save(*guest);
  if (!mover->was_running) co_return Status();
  say(model, worker,
      std::string("start container on ") + (mover->moved ? "target" : "source") + " node");
  co_return co_await start_now(model, node, what.vmid, worker);
}

Async<Status> migrate_work(Model& model, MoverPtr mover, Worker& worker) {
  mover->began = model.clock.now();
  Status done = co_await prepare(model, mover, worker);
  if (done.ok()) done = co_await move(model, mover, worker);
  if (!done.ok()) {
    if (error_class(done) == ErrorClass::cancelled) co_return done;  // undo cleans up
    (void)co_await clean_up(model, mover, worker);
    say(model, worker,
        "ERROR: migration aborted " + duration_text(model, *mover) + ": " + message_of(done));
    co_return failed("migration aborted");
  }
  const Status cleaned = co_await clean_up(model, mover, worker);
  if (!cleaned.ok()) {
    say(model, worker, "ERROR: " + message_of(cleaned));
    say(model, worker, "ERROR: migration finished with problems " + duration_text(model, *mover));
    co_return failed("migration problems");
  }
  say(model, worker, "migration finished successfully " + duration_text(model, *mover));
  co_return Status();
}

Async<void> migrate_undo(Model& model, MoverPtr mover, Worker& worker) {
  (void)co_await clean_up(model, mover, worker);
}

}  // namespace

const std::string& StorageMap::of(const std::string& storage) const {
  const auto entry = entries.find(storage);
  if (entry != entries.end()) return entry->second;
  return of_others.empty() ? storage : of_others;
}

StorageMap parse_storage_map(const std::string& text) {
  StorageMap map;
  for (const auto& part : split(text, ',')) {
    const auto colon = part.find(':');
    if (colon != std::string::npos) {
      map.entries[part.substr(0, colon)] = part.substr(colon + 1);
    } else if (part == "1") {
      map.is_identity = true;
    } else {
      map.of_others = part;
    }
  }
  return map;
}

Job make_migrate_job(Model& model, Migration migration) {
  auto mover = std::make_shared<Mover>();
  mover->what = std::move(migration);
  Job job;
  job.type = "vzmigrate";
  job.id = std::to_string(mover->what.vmid.get());
  job.locks = mover->what.vmid;
  job.work = [&model, mover](Worker& worker) { return migrate_work(model, mover, worker); };
  job.undo = [&model, mover](Worker& worker) { return migrate_undo(model, mover, worker); };
  return job;
}

}  // namespace gantry::lab
