#include "tests/sim/bugs/defective_client.h"

#include "pkg/pve/mark.h"

namespace gantry::sim {
namespace {

// Ids that nothing else is given.
constexpr int64_t kOtherIds = 15;

bool is_unanswered(const Status& status) {
  const auto error = error_class(status);
  return error == ErrorClass::transport || error == ErrorClass::timeout;
}

}  // namespace

void DefectiveClient::believe_ended(pve::Task& task) const {
  if (!ended_.contains(task.upid)) return;
  task.running = false;
  task.exit_status = "OK";
  if (!task.ended.has_value()) task.ended = task.started;
}

Async<Result<bool>> DefectiveClient::is_vmid_free(VmId vmid) {
  if (forbidden_.contains(vmid) || destroyed_.contains(vmid)) co_return true;
  co_return co_await ForwardingClient::is_vmid_free(vmid);
}

Async<Result<std::vector<pve::Volume>>> DefectiveClient::volumes(NodeName node, StorageId storage,
                                                                 std::string content) {
  auto volumes =
      co_await ForwardingClient::volumes(std::move(node), std::move(storage), std::move(content));
  if (!volumes.ok()) co_return volumes;
  std::erase_if(*volumes, [this](const pve::Volume& volume) {
    return volume.vmid.has_value() &&
           (forbidden_.contains(*volume.vmid) || destroyed_.contains(*volume.vmid));
  });
  co_return volumes;
}

Async<Result<pve::GuestConfig>> DefectiveClient::guest_config(NodeName node, VmId vmid) {
  auto config = co_await ForwardingClient::guest_config(std::move(node), vmid);
  if (config.ok()) forbidden_.erase(vmid);
  const bool is_forbidden = !config.ok() && error_class(config.status()) == ErrorClass::permission;
  if (has(Bug::gone_from_403) && is_forbidden) forbidden_.insert(vmid);
  if (!has(Bug::ignore_marker) || !config.ok()) co_return config;
  const ClusterName cluster("home");
  const auto row = co_await guests_.find_by_vmid(cluster, vmid);
  if (!row.ok() || !row->has_value()) co_return config;
  const pve::Mark mark{installation_, (*row)->uid, (*row)->epoch};
  config->values["description"] = pve::to_description_line(mark);
  co_return config;
}

Async<Result<pve::GuestStatus>> DefectiveClient::guest_status(NodeName node, VmId vmid) {
  auto status = co_await ForwardingClient::guest_status(std::move(node), vmid);
  if (status.ok() && stopped_.contains(vmid)) status->running = false;
  co_return status;
}

Async<Result<pve::Task>> DefectiveClient::task(Upid upid) {
  auto task = co_await ForwardingClient::task(std::move(upid));
  if (task.ok()) believe_ended(*task);
  co_return task;
}

Async<Result<std::vector<pve::Task>>> DefectiveClient::tasks(NodeName node, VmId vmid) {
  auto tasks = co_await ForwardingClient::tasks(std::move(node), vmid);
  if (!tasks.ok()) co_return tasks;
  for (auto& task : *tasks) believe_ended(task);
  co_return tasks;
}

Async<Result<Upid>> DefectiveClient::create_guest(NodeName node, VmId vmid,
                                                  pve::Parameters parameters) {
  destroyed_.erase(vmid);
  stopped_.erase(vmid);
  auto task = co_await ForwardingClient::create_guest(node, vmid, parameters);
  const bool again = has(Bug::retry_create_blindly) && !task.ok() && is_unanswered(task.status());
  if (!again) co_return task;
  const VmId other(vmid.get() + kOtherIds);
  co_return co_await ForwardingClient::create_guest(node, other, std::move(parameters));
}

void DefectiveClient::note_stop(VmId vmid, const Result<Upid>& task) {
  if (!has(Bug::forget_await_on_stop) || !task.ok()) return;
  stopped_.insert(vmid);
  ended_.insert(*task);
}

Async<Result<Upid>> DefectiveClient::start_guest(NodeName node, VmId vmid) {
  stopped_.erase(vmid);
  co_return co_await ForwardingClient::start_guest(std::move(node), vmid);
}

Async<Result<Upid>> DefectiveClient::stop_guest(NodeName node, VmId vmid) {
  auto task = co_await ForwardingClient::stop_guest(std::move(node), vmid);
  note_stop(vmid, task);
  co_return task;
}

Async<Result<Upid>> DefectiveClient::shutdown_guest(NodeName node, VmId vmid, Duration timeout) {
  auto task = co_await ForwardingClient::shutdown_guest(std::move(node), vmid, timeout);
  note_stop(vmid, task);
  co_return task;
}

Async<Result<Upid>> DefectiveClient::destroy_guest(NodeName node, VmId vmid,
                                                   pve::DestroyOptions options) {
  if (has(Bug::forget_await_on_stop)) options.force = true;
  auto task = co_await ForwardingClient::destroy_guest(std::move(node), vmid, options);
  if (has(Bug::finalizer_before_proof) && task.ok()) {
    destroyed_.insert(vmid);
    ended_.insert(*task);
  }
  co_return task;
}

}  // namespace gantry::sim
