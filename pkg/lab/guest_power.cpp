#include "pkg/lab/guest_power.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/lab/guest_disks.h"
#include "pkg/lab/property.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

Status locked(const Guest& guest) {
  return failed("CT is locked (" + guest.config.get("lock") + ")");
}

// Bridges and disks are looked at here and not before (observed).
Status check_startable(Model& model, const Guest& guest) {
  const auto bridges = bridges_of(model, guest.node);
  for (const auto& [key, value] : guest.config.values) {
    if (key_family(key) != "net") continue;
    const auto parts = parse_properties(*find_property_format("net", true), value);
    const auto bridge = parts.find("bridge");
    if (bridge == parts.end()) continue;
    if (std::find(bridges.begin(), bridges.end(), bridge->second) == bridges.end()) {
      return failed("bridge '" + bridge->second + "' does not exist");
    }
  }
  const auto spec = model.spec_of(guest);
  const auto& volid = spec.rootfs.volid;
  if (parse_new_disk(volid).has_value()) {
    return failed("unable to parse directory volume name '" + volid.substr(volid.find(':') + 1) +
                  "'");
  }
  if (guest.has_container && !volid.empty() && model.volumes.find(guest.node, volid) == nullptr) {
    return failed("volume '" + volid + "' does not exist");
  }
  return Status();
}

Job make_job(const std::string& type, VmId vmid) {
  Job job;
  job.type = type;
  job.id = std::to_string(vmid.get());
  job.locks = vmid;
  return job;
}

}  // namespace

Async<Status> start_now(Model& model, NodeName node, VmId vmid, Worker& worker) {
  auto* guest = model.find_container(node, vmid);
  if (guest == nullptr) co_return failed(missing_config_text(node, vmid));
  if (guest->config.has("lock")) co_return locked(*guest);
  if (guest->config.flag("template")) {
    co_return failed("you can't start a CT if it's a template");
  }
  apply_pending(model, *guest);
  GANTRY_CO_TRY(check_startable(model, *guest));
  if (guest->has_container) {
    auto spec = model.spec_of(*guest);
    const LogSink log = [&worker](std::string line) { worker.log(line); };
    GANTRY_CO_TRY(co_await model.backend.start(std::move(spec), log));
  }
  if (auto* started = model.find_guest(vmid); started != nullptr) {
    model.set_running(*started, true);
  }
  co_return Status();
}

Async<Status> stop_now(Model& model, NodeName node, VmId vmid, Worker& worker) {
  auto* guest = model.find_container(node, vmid);
  if (guest == nullptr) co_return failed(missing_config_text(node, vmid));
  if (guest->config.has("lock")) co_return locked(*guest);
  if (guest->has_container) {
    auto spec = model.spec_of(*guest);
    const LogSink log = [&worker](std::string line) { worker.log(line); };
    GANTRY_CO_TRY(co_await model.backend.stop(std::move(spec), log));
  }
  if (auto* stopped = model.find_guest(vmid); stopped != nullptr) {
    model.set_running(*stopped, false);
    apply_pending(model, *stopped);
  }
  co_return Status();
}

Async<Status> shutdown_now(Model& model, NodeName node, VmId vmid, ShutdownOptions options,
                           Worker& worker) {
  auto* guest = model.find_container(node, vmid);
  if (guest == nullptr) co_return failed(missing_config_text(node, vmid));
  if (guest->config.has("lock")) co_return locked(*guest);
  auto spec = model.spec_of(*guest);
  const LogSink log = [&worker](std::string line) { worker.log(line); };
  Status ended;
  if (guest->has_container) {
    ended = co_await model.backend.shutdown(std::move(spec), options.timeout, log);
  }
  if (!ended.ok() && error_class(ended) == ErrorClass::timeout) {
    worker.log(absl::StrFormat("command 'lxc-stop -n %d --nokill --timeout %d' failed: exit code 1",
                               vmid.get(), options.timeout / 1s));
    if (options.force) co_return co_await stop_now(model, node, vmid, worker);
    co_return failed("container did not stop");
  }
  GANTRY_CO_TRY(ended);
  if (auto* stopped = model.find_guest(vmid); stopped != nullptr) {
    model.set_running(*stopped, false);
    apply_pending(model, *stopped);
  }
  co_return Status();
}

namespace {

Async<Status> reboot_now(Model& model, NodeName node, VmId vmid, Duration timeout, Worker& worker) {
  ShutdownOptions options;
  options.timeout = timeout;
  options.force = true;
  GANTRY_CO_TRY(co_await shutdown_now(model, node, vmid, options, worker));
  co_return co_await start_now(model, node, vmid, worker);
}

}  // namespace

Job make_start_job(Model& model, const NodeName& node, VmId vmid) {
  auto job = make_job("vzstart", vmid);
  job.work = [&model, node, vmid](Worker& worker) { return start_now(model, node, vmid, worker); };
  return job;
}

Job make_stop_job(Model& model, const NodeName& node, VmId vmid) {
  auto job = make_job("vzstop", vmid);
  job.work = [&model, node, vmid](Worker& worker) { return stop_now(model, node, vmid, worker); };
  return job;
}

Job make_shutdown_job(Model& model, const NodeName& node, VmId vmid, ShutdownOptions options) {
  auto job = make_job("vzshutdown", vmid);
  job.work = [&model, node, vmid, options](Worker& worker) {
    return shutdown_now(model, node, vmid, options, worker);
  };
  return job;
}

Job make_reboot_job(Model& model, const NodeName& node, VmId vmid, Duration timeout) {
  auto job = make_job("vzreboot", vmid);
  job.work = [&model, node, vmid, timeout](Worker& worker) {
    return reboot_now(model, node, vmid, timeout, worker);
  };
  return job;
}

void apply_pending(Model& model, Guest& guest) {
  if (guest.config.pending.empty() && guest.config.pending_delete.empty()) return;
  model.before_change(guest);
  for (const auto& key : guest.config.pending_delete) {
    if (key_family(key) == "mp") add_unused(guest.config, volume_of(guest.config.get(key)));
  }
  guest.config.values = guest.config.next();
  guest.config.pending.clear();
  guest.config.pending_delete.clear();
  model.save(guest);
}

}  // namespace gantry::lab
