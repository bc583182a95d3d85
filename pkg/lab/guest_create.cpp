#include "pkg/lab/guest_create.h"

#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/guest_options.h"
#include "pkg/lab/guest_power.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

Status check_template_there(const Model& model, const Creation& creation, Worker& worker) {
  if (model.backend.templates().contains(creation.template_name)) return Status();
  const auto text = "volume '" + creation.volume + "' does not exist";
  worker.log(text);
  return failed(text);
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
  // An unpacked template is about three times its archive (66 MB → 182 MB, observed).
  const auto unpacked = model.backend.templates().at(creation->template_name) * 3;
  GANTRY_CO_TRY(check_room(model, *creation, unpacked, worker));
  auto spec = model.spec_of(creation->node, creation->vmid, creation->options);
  GANTRY_CO_TRY(co_await limit_bandwidth(model, *creation));
  const LogSink log = [&worker](std::string line) { worker.log(line); };
  const auto rootfs = spec.rootfs.volid;
  GANTRY_CO_TRY(co_await model.backend.create(std::move(spec), creation->template_name, log));
  model.volumes.set_used(creation->node, rootfs, unpacked);
  model.save_volumes();
  write_half(model, *creation);
  worker.log("Detected container architecture: " + creation->options.at("arch"));
  log_host_keys(model, *creation, worker);
  GANTRY_CO_TRY(co_await model.clock.sleep_for(300ms));
  if (wants_nesting(*creation)) {
    worker.warn("Systemd 257 detected. You may need to enable nesting.");
  }
  write_whole(model, *creation);
  follow_up(model, *creation, worker);
  co_return Status();
}

// A failed or interrupted create leaves nothing; only a killed one does.
Async<void> create_undo(Model& model, CreationPtr creation) {
  co_await destroy_disks(model, creation->node, creation->vmid);
  model.remove_guest(creation->vmid);
}

}  // namespace

Status check_room(const Model& model, const Creation& creation, int64_t bytes, Worker& worker) {
  const auto* storage = model.volumes.find_storage(creation.disks.at("rootfs").storage);
  if (model.volumes.has_room(creation.node, *storage, bytes)) return Status();
  worker.log("tar: ./usr/lib: Cannot write: No space left on device");
  return failed(
      "command 'lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- tar xpf - "
      "--totals --one-file-system' failed: exit code 2 (No space left on device)");
}

void allocate_disks(Model& model, Creation& creation, Worker& worker) {
  std::vector<std::string> keys{"rootfs"};  // always the first
  for (const auto& [key, disk] : creation.disks) {
    if (key != "rootfs") keys.push_back(key);
  }
  for (const auto& key : keys) {
    const auto& disk = creation.disks.at(key);
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

void write_whole(Model& model, const Creation& creation) {
  auto* guest = model.find_guest(creation.vmid);
  if (guest == nullptr) return;
  model.before_change(*guest);
  guest->config = GuestConfig();
  guest->config.values = creation.options;
  model.save(*guest);
  if (creation.pool.empty()) return;
  model.access.set_pool(creation.vmid, creation.pool);
  model.save_access();
}

void follow_up(Model& model, const Creation& creation, Worker& worker) {
  // A task of its own, whose failure this one does not show (observed).
  if (creation.start) {
    model.tasks.start(creation.node, creation.caller,
                      make_start_job(model, creation.node, creation.vmid));
  }
  if (!creation.ha_managed) return;
  worker.log("Add as HA resource");
  model.ha.resources[Ha::sid_of(creation.vmid)]["state"] = creation.start ? "started" : "stopped";
  model.ha.changed();
}

Job make_create_job(Model& model, CreationPtr creation) {
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

}  // namespace gantry::lab
