// Start, stop, shutdown, reboot.
// Source: pve-container PVE/API2/LXC/Status.pm; answers of a real 9.2.
#include "pkg/base/text.h"
#include "pkg/lab/model.h"
#include "pkg/lab/property.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

Status failed(const std::string& text) {
  return make_error(ErrorClass::task_failed, text);
}

Status locked(const Guest& guest) {
  return failed("CT is locked (" + guest.config.get("lock") + ")");
}

// Bridges and disks are looked at here and not before (observed).
Status check_startable(const Model& model, const Guest& guest) {
  const auto bridges = model.backend.bridges(guest.node);
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
  return Status();
}

Async<Status> start_work(Model& model, NodeName node, VmId vmid, Worker& worker) {
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

Async<Status> stop_work(Model& model, NodeName node, VmId vmid, Worker& worker) {
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

struct ShutdownOptions {
  Duration timeout = 60s;
  bool force = false;
};

Async<Status> shutdown_work(Model& model, NodeName node, VmId vmid, ShutdownOptions options,
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
    if (options.force) co_return co_await stop_work(model, node, vmid, worker);
    co_return failed("container did not stop");
  }
  GANTRY_CO_TRY(ended);
  if (auto* stopped = model.find_guest(vmid); stopped != nullptr) {
    model.set_running(*stopped, false);
    apply_pending(model, *stopped);
  }
  co_return Status();
}

Async<Status> reboot_work(Model& model, NodeName node, VmId vmid, Duration timeout,
                          Worker& worker) {
  ShutdownOptions options;
  options.timeout = timeout;
  options.force = true;
  GANTRY_CO_TRY(co_await shutdown_work(model, node, vmid, options, worker));
  co_return co_await start_work(model, node, vmid, worker);
}

Job make_job(const std::string& type, VmId vmid) {
  Job job;
  job.type = type;
  job.id = std::to_string(vmid.get());
  job.locks = vmid;
  return job;
}

Refusal check_skiplock(const Call& call) {
  if (!call.params.flag("skiplock") || call.caller.is_root_user()) return std::nullopt;
  return bad_parameter("skiplock", "Only root may use this option.");
}

// Only whether it runs is looked at, not whether it exists: a start of a missing one is queued, a
// stop of a missing one says "not running" (both observed).
Async<bool> is_running(Model& model, const Call& call) {
  const auto vmid = call.params.vmid();
  if (model.find_container(NodeName(call.params.get("node")), vmid) == nullptr) co_return false;
  const auto state = co_await model.inspect(vmid);
  co_return state.running;
}

Reply queue(Model& model, const Call& call, Job job) {
  const NodeName node(call.params.get("node"));
  return done(model.tasks.start(node, call.caller, std::move(job)).get());
}

Async<Reply> start_container(Model& model, const Call& call) {
  if (auto refusal = check_skiplock(call); refusal.has_value()) co_return std::move(*refusal);
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (running) co_return died("CT " + std::to_string(vmid.get()) + " already running");
  if (!model.quorate) co_return died("cluster not ready - no quorum?");
  co_return queue(model, call, make_start_job(model, NodeName(call.params.get("node")), vmid));
}

Async<Reply> stop_container(Model& model, const Call& call) {
  if (auto refusal = check_skiplock(call); refusal.has_value()) co_return std::move(*refusal);
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (!running) co_return died("CT " + std::to_string(vmid.get()) + " not running");
  auto job = make_job("vzstop", vmid);
  const NodeName node(call.params.get("node"));
  job.work = [&model, node, vmid](Worker& worker) { return stop_work(model, node, vmid, worker); };
  co_return queue(model, call, std::move(job));
}

Async<Reply> shutdown_container(Model& model, const Call& call) {
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (!running) co_return died("CT " + std::to_string(vmid.get()) + " not running");
  ShutdownOptions options;
  options.timeout = std::chrono::seconds(call.params.integer("timeout", 60));
  options.force = call.params.flag("forceStop");
  auto job = make_job("vzshutdown", vmid);
  const NodeName node(call.params.get("node"));
  job.work = [&model, node, vmid, options](Worker& worker) {
    return shutdown_work(model, node, vmid, options, worker);
  };
  co_return queue(model, call, std::move(job));
}

Async<Reply> reboot_container(Model& model, const Call& call) {
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (!running) co_return died("VM " + std::to_string(vmid.get()) + " not running");  // sic
  const Duration timeout = std::chrono::seconds(call.params.integer("timeout", 60));
  auto job = make_job("vzreboot", vmid);
  const NodeName node(call.params.get("node"));
  job.work = [&model, node, vmid, timeout](Worker& worker) {
    return reboot_work(model, node, vmid, timeout, worker);
  };
  co_return queue(model, call, std::move(job));
}

}  // namespace

Job make_start_job(Model& model, const NodeName& node, VmId vmid) {
  auto job = make_job("vzstart", vmid);
  job.work = [&model, node, vmid](Worker& worker) { return start_work(model, node, vmid, worker); };
  return job;
}

void apply_pending(Model& model, Guest& guest) {
  if (guest.config.pending.empty() && guest.config.pending_delete.empty()) return;
  model.before_change(guest);
  guest.config.values = guest.config.next();
  guest.config.pending.clear();
  guest.config.pending_delete.clear();
  model.save(guest);
}

void add_guest_power_routes(std::vector<Route>& routes) {
  const Permission power{"/vms/{vmid}", {"VM.PowerMgmt"}, false};
  const std::string status = "/nodes/{node}/lxc/{vmid}/status";
  routes.push_back({"POST", status + "/start", power, true, start_container});
  routes.push_back({"POST", status + "/stop", power, true, stop_container});
  routes.push_back({"POST", status + "/shutdown", power, true, shutdown_container});
  routes.push_back({"POST", status + "/reboot", power, true, reboot_container});
}

}  // namespace gantry::lab
