// Start, stop, shutdown, reboot.
// Source: pve-container PVE/API2/LXC/Status.pm; answers of a real 9.2.
#include "pkg/lab/guest_power.h"
#include "pkg/lab/router.h"

namespace gantry::lab {
namespace {

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

Async<Reply> start_container(Model& model, const Call& call) {
  if (auto refusal = check_skiplock(call); refusal.has_value()) co_return std::move(*refusal);
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (running) co_return died(absl::StrFormat("CT %d already running", vmid.get()));
  if (auto no = model.check_quorum(); no.has_value()) co_return std::move(*no);
  co_return queue(model, call, make_start_job(model, call.node(), vmid));
}

Async<Reply> stop_container(Model& model, const Call& call) {
  if (auto refusal = check_skiplock(call); refusal.has_value()) co_return std::move(*refusal);
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (!running) co_return not_running("CT", vmid);
  co_return queue(model, call, make_stop_job(model, call.node(), vmid));
}

Async<Reply> shutdown_container(Model& model, const Call& call) {
  const auto vmid = call.params.vmid();
  const bool running = co_await is_running(model, call);
  if (!running) co_return not_running("CT", vmid);
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

}  // namespace

void add_guest_power_routes(std::vector<Route>& routes) {
  const std::string status = "/nodes/{node}/lxc/{vmid}/status";
  routes.push_back({"POST", status + "/start", start_container});
  routes.push_back({"POST", status + "/stop", stop_container});
  routes.push_back({"POST", status + "/shutdown", shutdown_container});
  routes.push_back({"POST", status + "/reboot", reboot_container});
}

}  // namespace gantry::lab
