// DELETE /nodes/{node}/lxc/{vmid}.
// Source: pve-container PVE/API2/LXC.pm (destroy_vm), PVE/LXC.pm (destroy_lxc_container).
#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/model.h"
#include "pkg/lab/property.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

struct Destruction {
  NodeName node;
  VmId vmid;
  bool force = false, purge = false, unreferenced = false;
};

// What must hold, both when asked and when the worker begins.
Status check_destroyable(const Guest& guest) {
  const auto id = guest.vmid.get();
  if (guest.config.flag("protection")) {
    return failed(absl::StrFormat("can't remove CT %d - protection mode enabled", id));
  }
  if (guest.config.has("lock")) return failed("CT is locked (" + guest.config.get("lock") + ")");
  return Status();
}

// The volumes that the config names, as they stand there.
std::vector<VolumeSpec> named_volumes(const Model& model, const Guest& guest) {
  std::map<std::string, std::string> all = guest.config.next();
  const auto spec = model.spec_of(guest.node, guest.vmid, all);
  auto volumes = spec.mounts;
  if (!spec.rootfs.volid.empty()) volumes.insert(volumes.begin(), spec.rootfs);
  for (const auto& [key, value] : all) {
    if (is_unused_key(key)) volumes.push_back({key, value, 0});
  }
  return volumes;
}

Async<Status> remove_volumes(Model& model, Destruction what, std::vector<VolumeSpec> volumes,
                             Worker& worker) {
  ContainerSpec spec;
  spec.node = what.node;
  spec.vmid = what.vmid;
  for (const auto& volume : volumes) {
    const auto* storage = model.volumes.find_storage(storage_of(volume.volid));
    if (storage == nullptr) continue;
    if (parse_new_disk(volume.volid)
            .has_value()) {  // "local:3": nobody can destroy this (observed)
      co_return failed("unable to parse directory volume name '" +
                       volume.volid.substr(volume.volid.find(':') + 1) + "'");
    }
    if (model.volumes.find(what.node, volume.volid) == nullptr) {
      worker.log("disk image '" + path_of(*storage, volume.volid) + "' does not exist");
    }
    if (volume.key == "rootfs") {
      spec.rootfs = volume;
    } else {
      spec.mounts.push_back(volume);
    }
  }
  const LogSink log = [&worker](std::string line) { worker.log(line); };
  GANTRY_CO_TRY(co_await model.backend.destroy(spec, log));
  for (const auto& volume : volumes) model.volumes.remove(what.node, volume.volid);
  model.save_volumes();
  co_return Status();
}

Async<Status> force_stop(Model& model, Destruction what, Worker& worker) {
  const auto state = co_await model.inspect(what.vmid);
  auto* guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr || !state.running) co_return Status();
  if (!what.force) {
    co_return failed(
        absl::StrFormat("unable to destroy CT %d - container is running", what.vmid.get()));
  }
  worker.log(absl::StrFormat("forced to stop CT %d before destroying!", what.vmid.get()));
  if (guest->has_container) {
    auto spec = model.spec_of(*guest);
    const LogSink log = [&worker](std::string line) { worker.log(line); };
    GANTRY_CO_TRY(co_await model.backend.stop(std::move(spec), log));
  }
  if (auto* stopped = model.find_guest(what.vmid); stopped != nullptr) {
    model.set_running(*stopped, false);
  }
  co_return Status();
}

Async<Status> destroy_work(Model& model, Destruction what, Worker& worker) {
  auto* guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(what.node, what.vmid));
  GANTRY_CO_TRY(check_destroyable(*guest));
  GANTRY_CO_TRY(co_await force_stop(model, what, worker));
  guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr) co_return failed(missing_config_text(what.node, what.vmid));
  auto volumes = named_volumes(model, *guest);
  if (what.unreferenced) {
    for (const auto& volume : model.volumes.of_guest(what.node, what.vmid)) {
      const bool named = std::any_of(volumes.begin(), volumes.end(), [&](const auto& other) {
        return other.volid == volume.volid;
      });
      if (!named) volumes.push_back({"unused", volume.volid, volume.size});
    }
  }
  GANTRY_CO_TRY(co_await remove_volumes(model, what, std::move(volumes), worker));
  if (what.purge) {
    worker.log(absl::StrFormat("purging CT %d from related configurations..", what.vmid.get()));
    if (model.ha.resources.erase(Ha::sid_of(what.vmid)) > 0) {
      model.ha.changed();
      worker.log(
          absl::StrFormat("NOTE: removed CT %d from HA resource configuration.", what.vmid.get()));
    }
  }
  guest = model.find_guest(what.vmid);
  std::vector<std::string> copies;
  if (guest != nullptr) {
    for (const auto& [name, values] : guest->config.snapshots) {
      copies.push_back(snapshot_copy(what.vmid, name));
    }
  }
  for (auto& copy : copies) (void)co_await model.backend.forget(std::move(copy));
  // Last of all, so that "config gone" means that the id is free.
  model.remove_guest(what.vmid);
  co_return Status();
}

Async<Reply> destroy_container(Model& model, const Call& call) {
  Destruction what;
  what.node = call.node();
  what.vmid = call.params.vmid();
  what.force = call.params.flag("force");
  what.purge = call.params.flag("purge");
  what.unreferenced = call.params.flag("destroy-unreferenced-disks");
  const auto state = co_await model.inspect(what.vmid);
  const auto* guest = model.find_container(what.node, what.vmid);
  if (guest == nullptr) co_return died(missing_config_text(what.node, what.vmid));
  if (const auto status = check_destroyable(*guest); !status.ok()) {
    co_return died(message_of(status));
  }
  const auto id = std::to_string(what.vmid.get());
  if (model.ha.is_configured(what.vmid) && !what.purge) {
    co_return died("unable to remove CT " + id +
                   " - used in HA resources and purge parameter not set.");
  }
  if (state.running && !what.force) {
    co_return died("unable to destroy CT " + id + " - container is running");
  }
  if (auto no = model.check_quorum(); no.has_value()) co_return std::move(*no);
  Job job;
  job.type = "vzdestroy";
  job.id = id;
  job.locks = what.vmid;
  job.work = [&model, what](Worker& worker) { return destroy_work(model, what, worker); };
  co_return done(model.tasks.start(what.node, call.caller, std::move(job)).get());
}

}  // namespace

void add_guest_destroy_routes(std::vector<Route>& routes) {
  routes.push_back({"DELETE", "/nodes/{node}/lxc/{vmid}", destroy_container});
}

}  // namespace gantry::lab
