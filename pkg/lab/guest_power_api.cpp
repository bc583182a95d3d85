// Start, stop, shutdown, reboot.
// Source: pve-container PVE/API2/LXC/Status.pm; answers of a real 9.2.
#include "pkg/lab/guest_power.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

using namespace std::chrono_literals;

Refusal check_skiplock(const Call& call) {
  if (!call.params.flag("skiplock") || call.caller.is_root_user()) return std::nullopt;
  return bad_parameter("skiplock", "Only root may use this option.");
}

// Only whether it runs is looked at, not whether it exists: a start of a missing one is queued, a
// stop of a missing one says "not running" (both observed).
Async<bool> is_running(Model& model, const Call& call) {
  const auto vmid = call.params.vmid();
  if (model.find_container(call.node(), vmid) == nullptr) co_return false;
  const auto state = co_await model.inspect(vmid);
  co_return state.running;
}

Reply not_running(const char* kind, VmId vmid) {
  return died(absl::StrFormat("%s %d not running", kind, vmid.get()));
}

Reply queue(Model& model, const Call& call, Job job) {
  return done(model.tasks.start(call.node(), call.caller, std::move(job)).get());
}

// Only asks: ends long before the manager has done it.
Async<Status> ask_ha(Model& model, VmId vmid, bool start, std::string command, Worker& worker) {
  const auto sid = Ha::sid_of(vmid);
  worker.log(absl::StrFormat("Requesting HA %s for CT %d", start ? "start" : "stop", vmid.get()));
  GANTRY_CO_TRY(co_await model.clock.sleep_for(500ms));
  const auto resource = model.ha.resources.find(sid);
  if (resource == model.ha.resources.end()) {
    worker.log("update resources config failed: no such resource '" + sid + "'");
    co_return failed("command '" + command + "' failed: exit code 255");
  }
  const auto* service = model.ha.find_service(sid);
  if (service != nullptr && service->state == "error") {
    worker.log("service '" + sid + "' in error state, must be disabled and fixed first");
    co_return failed("command '" + command + "' failed: exit code 255");
  }
  resource->second["state"] = start ? "started" : "stopped";
  resource->second.erase("stop_timeout");
  if (command.ends_with(" 0")) resource->second["stop_timeout"] = "0";
  model.ha.changed();
  co_return Status();
}

Reply queue_ha(Model& model, const Call& call, bool start, const std::string& words) {
  const auto vmid = call.params.vmid();
  const auto command = "ha-manager " + words;
  Job job;
  job.type = start ? "hastart" : "hastop";
  job.id = std::to_string(vmid.get());
  job.work = [&model, vmid, start, command](Worker& worker) {
    return ask_ha(model, vmid, start, command, worker);
  };
  return queue(model, call, std::move(job));
}

Async<Reply> start_container(Model& model, const Call& call) {
  if (auto refusal = check_skiplock(call); refusal.has_value()) co_return std::move(*refusal);
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (running) co_return died(absl::StrFormat("CT %d already running", vmid.get()));
  if (auto no = model.check_quorum(); no.has_value()) co_return std::move(*no);
  if (model.ha.is_managed(vmid)) {
    const auto words = "set " + Ha::sid_of(vmid) + " --state started";
    co_return queue_ha(model, call, true, words);
  }
  co_return queue(model, call, make_start_job(model, call.node(), vmid));
}

Async<Reply> stop_container(Model& model, const Call& call) {
  if (auto refusal = check_skiplock(call); refusal.has_value()) co_return std::move(*refusal);
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (!running) co_return not_running("CT", vmid);
  if (model.ha.is_managed(vmid)) {
    if (call.params.flag("overrule-shutdown")) {
      co_return bad_parameter("overrule-shutdown", "Not applicable for HA resources.");
    }
    const auto words = "crm-command stop " + Ha::sid_of(vmid) + " 0";
    co_return queue_ha(model, call, false, words);
  }
  co_return queue(model, call, make_stop_job(model, call.node(), vmid));
}

Async<Reply> shutdown_container(Model& model, const Call& call) {
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (!running) co_return not_running("CT", vmid);
  if (model.ha.is_managed(vmid)) {
    const auto words =
        "crm-command stop " + Ha::sid_of(vmid) + " " + call.params.get("timeout", "60");
    co_return queue_ha(model, call, false, words);
  }
  ShutdownOptions options;
  options.timeout = std::chrono::seconds(call.params.integer("timeout", 60));
  options.force = call.params.flag("forceStop");
  co_return queue(model, call, make_shutdown_job(model, call.node(), vmid, options));
}

Async<Reply> reboot_container(Model& model, const Call& call) {
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (!running) co_return not_running("VM", vmid);  // sic
  const Duration timeout = std::chrono::seconds(call.params.integer("timeout", 60));
  co_return queue(model, call, make_reboot_job(model, call.node(), vmid, timeout));
}

// Containers cannot be frozen to disk: lxc-checkpoint needs a CRIU that works (PVE/LXC.pm,
// vm_suspend).
Job make_checkpoint_job(Model& model, const Call& call, const std::string& type,
                        const std::string& arguments) {
  const auto vmid = call.params.vmid();
  const auto node = call.node();
  Job job;
  job.type = type;
  job.id = std::to_string(vmid.get());
  job.locks = vmid;
  job.work = [&model, node, vmid, arguments](Worker& worker) -> Async<Status> {
    const auto* guest = model.find_container(node, vmid);
    if (guest == nullptr) co_return failed(missing_config_text(node, vmid));
    if (guest->config.has("lock")) {
      co_return failed("CT is locked (" + guest->config.get("lock") + ")");
    }
    worker.log("lxc-checkpoint: criu is not installed");
    co_return failed(absl::StrFormat("command 'lxc-checkpoint -n %d %s' failed: exit code 1",
                                     vmid.get(), arguments));
  };
  return job;
}

Async<Reply> suspend_container(Model& model, const Call& call) {
  const bool running = co_await is_running(model, call);
  if (!running) co_return not_running("CT", call.params.vmid());
  co_return queue(model, call,
                  make_checkpoint_job(model, call, "vzsuspend", "-s -D /var/lib/vz/dump"));
}

Async<Reply> resume_container(Model& model, const Call& call) {
  const bool running = co_await is_running(model, call);
  if (running) co_return died(absl::StrFormat("CT %d already running", call.params.vmid().get()));
  co_return queue(
      model, call,
      make_checkpoint_job(model, call, "vzresume", "-r --foreground -D /var/lib/vz/dump"));
}

}  // namespace

void add_guest_power_routes(std::vector<Route>& routes) {
  const std::string status = "/nodes/{node}/lxc/{vmid}/status";
  routes.push_back({"POST", status + "/start", start_container});
  routes.push_back({"POST", status + "/stop", stop_container});
  routes.push_back({"POST", status + "/shutdown", shutdown_container});
  routes.push_back({"POST", status + "/reboot", reboot_container});
  routes.push_back({"POST", status + "/suspend", suspend_container});
  routes.push_back({"POST", status + "/resume", resume_container});
}

}  // namespace gantry::lab
