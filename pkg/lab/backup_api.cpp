// /nodes/{node}/vzdump.
// Source: pve-manager PVE/API2/VZDump.pm, PVE/VZDump.pm, pve-container PVE/VZDump/LXC.pm; answers
// of a real 9.2. Unverified: backups of running containers, the modes' own texts.
#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/guest_power.h"
#include "pkg/lab/property.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

struct Dump {
  NodeName node;
  std::vector<VmId> vmids;
  std::string storage, mode, compress, notes, command;
  bool is_protected = false;
};
using DumpPtr = std::shared_ptr<Dump>;

void info(Worker& worker, const std::string& text) {
  worker.log("INFO: " + text);
}

std::string suffix_of(const std::string& compress) {
  if (compress == "zstd") return "tar.zst";
  if (compress == "gzip") return "tar.gz";
  if (compress == "lzo" || compress == "1") return "tar.lzo";
  return "tar";
}

// "2026_11_20-21_30_08"
std::string stamp(Time time) {
  auto text = log_time(time);
  for (auto& c : text) {
    if (c == '-' || c == ':') c = '_';
    if (c == ' ') c = '-';
  }
  return text;
}

std::string elapsed(Duration duration) {
  const auto seconds = duration / 1s;
  return absl::StrFormat("%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// Mount points are left out unless they say backup=1; bind mounts always.
void log_mounts(const Guest& guest, Worker& worker) {
  info(worker, "including mount point rootfs ('/') in backup");
  for (const auto& [key, value] : guest.config.values) {
    if (key_family(key) != "mp") continue;
    auto parts = parse_properties(*find_property_format("mp", true), value);
    const auto what = "volume mount point " + key + " ('" + parts["mp"] + "')";
    if (parts["backup"] == "1") {
      info(worker, "including mount point " + key + " ('" + parts["mp"] + "') in backup");
    } else {
      info(worker, "excluding " + what + " from backup (disabled)");
    }
  }
}

// The lock that a DELETE of the task leaves behind (observed).
void set_lock(Model& model, Guest& guest, bool locked) {
  model.before_change(guest);
  if (locked) {
    guest.config.values["lock"] = "backup";
  } else {
    guest.config.values.erase("lock");
  }
  model.save(guest);
}

Async<Status> write_archive(Model& model, DumpPtr dump, VmId vmid, Worker& worker) {
  const auto* guest = model.find_container(dump->node, vmid);
  if (guest == nullptr) co_return failed(missing_config_text(dump->node, vmid));
  FileVolume file;
  file.created = model.clock.now();
  file.format = suffix_of(dump->compress);
  file.content = "backup";
  file.vmid = vmid;
  file.volid = dump->storage + ":backup/vzdump-lxc-" + std::to_string(vmid.get()) + "-" +
               stamp(file.created) + "." + file.format;
  file.config.values = guest->config.values;
  file.config.values.erase("lock");
  file.notes = dump->notes;
  file.is_protected = dump->is_protected;
  info(worker, "creating vzdump archive '" +
                   path_of(*model.volumes.find_storage(dump->storage), file.volid) + "'");
  auto spec = model.spec_of(*guest);
  auto name = file.volid;
  const LogSink quiet = [](std::string) {};
  const auto bytes = co_await model.backend.save(std::move(spec), std::move(name), quiet);
  if (!bytes.ok()) co_return bytes.status();
  info(worker, absl::StrFormat("Total bytes written: %d (2.4MiB, 185MiB/s)", *bytes));
  file.size = *bytes / 2;
  const auto* storage = model.volumes.find_storage(dump->storage);
  if (storage == nullptr) co_return failed("storage '" + dump->storage + "' does not exist");
  if (!model.volumes.has_room(dump->node, *storage, file.size)) {
    auto half = file.volid;
    (void)co_await model.backend.forget(std::move(half));
    info(worker, "zstd: error 70 : Write error : cannot write block : No space left on device");
    co_return failed("command 'set -o pipefail && tar cpf - … | zstd --threads=1 >" +
                     path_of(*storage, file.volid) + ".dat' failed: exit code 70");
  }
  info(worker, absl::StrFormat("archive file size: %dMB", file.size >> 20));
  model.volumes.add_file(dump->node, *storage, std::move(file));
  co_return Status();
}

// stop: shuts down and starts again; the other modes leave it running.
Async<Status> dump_locked(Model& model, DumpPtr dump, VmId vmid, bool running, Worker& worker) {
  auto* guest = model.find_container(dump->node, vmid);
  const bool stops = running && dump->mode == "stop";
  if (stops) {
    info(worker, "stopping virtual guest");
    auto spec = model.spec_of(*guest);
    const LogSink log = [&worker](std::string line) { worker.log(line); };
    GANTRY_CO_TRY(co_await model.backend.shutdown(std::move(spec), 10min, log));
    guest = model.find_container(dump->node, vmid);
    if (guest == nullptr) co_return failed(missing_config_text(dump->node, vmid));
    model.set_running(*guest, false);
  }
  const Status written = co_await write_archive(model, dump, vmid, worker);
  if (!written.ok() && error_class(written) == ErrorClass::cancelled) co_return written;
  guest = model.find_container(dump->node, vmid);
  if (guest == nullptr) co_return failed(missing_config_text(dump->node, vmid));
  set_lock(model, *guest, false);
  if (!stops) co_return written;
  info(worker, "restarting vm");
  const Status started = co_await start_now(model, dump->node, vmid, worker);
  if (started.ok()) info(worker, "guest is online again");
  co_return written.ok() ? started : written;
}

Async<Status> dump_one(Model& model, DumpPtr dump, VmId vmid, Worker& worker) {
  info(worker, absl::StrFormat("Starting Backup of VM %d (lxc)", vmid.get()));
  info(worker, "Backup started at " + log_time(model.clock.now()));
  const auto state = co_await model.inspect(vmid);
  auto* guest = model.find_container(dump->node, vmid);
  if (guest == nullptr) co_return failed(missing_config_text(dump->node, vmid));
  info(worker, std::string("status = ") + (state.running ? "running" : "stopped"));
  if (guest->config.has("lock")) {
    co_return failed("CT is locked (" + guest->config.get("lock") + ")");
  }
  const bool can_snapshot = has_feature(model, *guest, "snapshot");
  if (state.running && dump->mode == "snapshot" && !can_snapshot) {
    info(worker, "mode failure - some volumes do not support snapshots");
    info(worker, "trying 'suspend' mode instead");
    dump->mode = "suspend";
  }
  info(worker, "backup mode: " + (state.running ? dump->mode : std::string("stop")));
  info(worker, "ionice priority: 7");
  info(worker, "CT Name: " + name_of(*guest));
  log_mounts(*guest, worker);
  set_lock(model, *guest, true);
  co_return co_await dump_locked(model, dump, vmid, state.running, worker);
}

Status check_restore_storage(const Model& model, const Dump& dump) {
  const auto* storage = model.volumes.find_storage(dump.storage);
  if (storage == nullptr) {
    return failed("could not get storage information for '" + dump.storage + "': storage '" +
                  dump.storage + "' does not exist");
  }
  if (storage->content.contains("backup")) return Status();
  return failed("can't use storage '" + dump.storage + "' for backups - wrong content type");
}

Async<Status> dump_work(Model& model, DumpPtr dump, Worker& worker) {
  GANTRY_CO_TRY(check_restore_storage(model, *dump));
  info(worker, "starting new backup job: " + dump->command);
  bool all_well = true;
  for (const auto vmid : dump->vmids) {
    const auto began = model.clock.now();
    const auto id = std::to_string(vmid.get());
    const Status done = co_await dump_one(model, dump, vmid, worker);
    if (!done.ok() && error_class(done) == ErrorClass::cancelled) co_return done;
    if (done.ok()) {
      info(worker, "Finished Backup of VM " + id + " (" + elapsed(model.clock.now() - began) + ")");
    } else {
      worker.log("ERROR: Backup of VM " + id + " failed - " + message_of(done));
      all_well = false;
    }
  }
  if (!all_well) co_return failed("job errors");
  info(worker, "Backup job finished successfully");
  co_return Status();
}

// What the log says that it was started as.
std::string command_of(const Call& call) {
  std::string text = "vzdump " + call.params.get("vmid");
  for (const auto& [name, value] : call.params.values()) {
    if (name != "vmid") text += " --" + name + " " + value;
  }
  return text;
}

Refusal check_dump(const Model& model, const Call& call, const std::string& storage) {
  for (const char* name : {"tmpdir", "dumpdir", "script", "job-id"}) {
    if (call.params.has(name) && !call.caller.is_root_user()) {
      return bad_parameter(name, "Only root may set this option.");
    }
  }
  return model.access.check(call.caller, "/storage/" + storage, {"Datastore.AllocateSpace"});
}

std::vector<VmId> guests_of(const Model& model, const Call& call) {
  std::vector<VmId> vmids;
  for (const auto& id : split(call.params.get("vmid"), ',')) {
    if (const auto number = parse_integer(id); number.has_value()) vmids.emplace_back(*number);
  }
  if (call.params.has("pool")) {
    const auto pool = model.access.pools().find(call.params.get("pool"));
    if (pool != model.access.pools().end()) {
      vmids.assign(pool->second.guests.begin(), pool->second.guests.end());
    }
  }
  if (call.params.flag("all")) {
    const auto& all = model.guests_on(call.node());
    vmids.assign(all.begin(), all.end());
  }
  std::erase_if(vmids, [&](VmId vmid) {
    const auto* guest = model.find_guest(vmid);
    return guest == nullptr || guest->node != call.node() || guest->type != pve::GuestType::lxc;
  });
  return vmids;
}

Reply start_dump(Model& model, const Call& call) {
  auto dump = std::make_shared<Dump>();
  dump->node = call.node();
  dump->storage = call.params.get("storage", "local");
  dump->mode = call.params.get("mode", "snapshot");
  dump->compress = call.params.get("compress", "0");
  dump->notes = call.params.get("notes-template");
  dump->is_protected = call.params.flag("protected");
  dump->command = command_of(call);
  if (auto no = check_dump(model, call, dump->storage); no.has_value()) return std::move(*no);
  dump->vmids = guests_of(model, call);
  for (const auto vmid : dump->vmids) {
    const auto path = "/vms/" + std::to_string(vmid.get());
    if (auto no = model.access.check(call.caller, path, {"VM.Backup"}); no.has_value()) {
      return std::move(*no);
    }
  }
  if (dump->vmids.empty()) return done("OK");  // none of them is here
  Job job;
  job.type = "vzdump";
  if (dump->vmids.size() == 1) job.id = std::to_string(dump->vmids[0].get());
  job.work = [&model, dump](Worker& worker) { return dump_work(model, dump, worker); };
  return done(model.tasks.start(dump->node, call.caller, std::move(job)).get());
}

Reply extract_config(Model& model, const Call& call) {
  const auto volid = call.params.get("volume");
  const auto* backup = model.volumes.find_file(call.node(), volid);
  if (backup == nullptr) return died("volume '" + volid + "' does not exist");
  const auto path = "/vms/" + std::to_string(backup->vmid.get());
  if (auto no = model.access.check(call.caller, path, {"VM.Backup"}); no.has_value()) {
    return std::move(*no);
  }
  return done(to_conf(backup->config));
}

}  // namespace

void add_backup_routes(std::vector<Route>& routes) {
  routes.push_back({"POST", "/nodes/{node}/vzdump", start_dump});
  routes.push_back({"GET", "/nodes/{node}/vzdump/extractconfig", extract_config});
}

}  // namespace gantry::lab
