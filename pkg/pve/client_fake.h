#pragma once
// ClientFake: a Client for unit tests that answers with what it was given and notes every write.
// No model of Proxmox; that is pkg/lab.
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "pkg/pve/client.h"

namespace gantry::pve {

class ClientFake final : public Client {
 public:
  // What the reads answer.
  Version version_answer{"9.2.11", "9.2", 9, 2};
  Permissions permissions_answer;
  ClusterStatus status_answer;
  Resources resources_answer;
  std::map<NodeName, std::vector<std::string>> bridges_answer;
  std::map<NodeName, NodeNetwork> network_answer;
  std::map<NodeName, std::vector<Task>> running_answer;
  std::map<VmId, GuestConfig> configs;
  std::map<VmId, std::vector<Snapshot>> snapshots_answer;
  std::map<Upid, Task> task_answer;
  std::vector<std::string> log_answer;
  // Errors by the name of the call ("resources", "task"); they win over the answers above.
  std::map<std::string, Status> errors;
  // Called at the beginning of every call, with its name.
  std::function<void(const std::string&)> on_call;

  std::vector<std::string> calls;   // names, in order
  std::vector<std::string> writes;  // "start 100", "configure 100 memory=512"
  Parameters created_with;
  Parameters configured_with;
  std::string configured_digest;
  VolumeGift given;
  std::string snapshot_description;
  Upid next_task{"UPID:pve1:00000895:0003C769:6B00BA76:vzstart:100:gantry@pve!daemon:"};

  Async<Result<Version>> version() override { co_return answer("version", version_answer); }
  Async<Result<Permissions>> permissions() override {
    co_return answer("permissions", permissions_answer);
  }
  Async<Result<ClusterStatus>> cluster_status() override {
    co_return answer("cluster_status", status_answer);
  }
  Async<Result<Resources>> resources() override { co_return answer("resources", resources_answer); }
  Async<Result<std::vector<StorageRow>>> storages(NodeName) override {
    co_return answer("storages", resources_answer.storages);
  }
  Async<Result<std::vector<Volume>>> volumes(NodeName, StorageId, std::string) override {
    co_return answer("volumes", std::vector<Volume>());
  }
  Async<Result<std::vector<std::string>>> bridges(NodeName node) override {
    co_return answer("bridges", bridges_answer[node]);
  }
  Async<Result<NodeNetwork>> network(NodeName node) override {
    co_return answer("network", network_answer[node]);
  }
  Async<Result<bool>> is_vmid_free(VmId vmid) override {
    co_return answer("is_vmid_free", !configs.contains(vmid));
  }
  Async<Result<GuestConfig>> guest_config(NodeName, VmId vmid) override {
    if (!configs.contains(vmid) && !errors.contains("guest_config"))
      co_return not_found("Configuration file 'nodes/pve1/lxc/%d.conf' does not exist", vmid.get());
    co_return answer("guest_config", configs[vmid]);
  }
  Async<Result<std::vector<PendingChange>>> guest_pending(NodeName, VmId) override {
    co_return answer("guest_pending", std::vector<PendingChange>());
  }
  Async<Result<GuestStatus>> guest_status(NodeName, VmId) override {
    co_return answer("guest_status", GuestStatus());
  }
  Async<Result<std::vector<GuestInterface>>> guest_interfaces(NodeName, VmId) override {
    co_return answer("guest_interfaces", std::vector<GuestInterface>());
  }
  Async<Result<std::vector<Snapshot>>> snapshots(NodeName, VmId vmid) override {
    co_return answer("snapshots", snapshots_answer[vmid]);
  }
  Async<Result<bool>> has_feature(NodeName, VmId, std::string) override {
    co_return answer("has_feature", true);
  }
  Async<Result<Task>> task(Upid upid) override {
    if (!task_answer.contains(upid) && !errors.contains("task"))
      co_return not_found("no such task");
    co_return answer("task", task_answer[upid]);
  }
  Async<Result<std::vector<std::string>>> task_log(Upid, int) override {
    co_return answer("task_log", log_answer);
  }
  Async<Result<std::vector<Task>>> tasks(NodeName node, VmId) override {
    co_return answer("tasks", running_answer[node]);
  }
  Async<Result<std::vector<Task>>> running_tasks(NodeName node) override {
    co_return answer("running_tasks", running_answer[node]);
  }

  Async<Result<Upid>> create_guest(NodeName, VmId vmid, Parameters parameters) override {
    created_with = std::move(parameters);
    co_return write("create", vmid);
  }
  Async<Result<Upid>> clone_guest(NodeName, VmId, VmId vmid, Parameters parameters) override {
    created_with = std::move(parameters);
    co_return write("clone", vmid);
  }
  Async<Status> configure_guest(NodeName, VmId vmid, Parameters set, std::vector<std::string>,
                                std::string digest) override {
    configured_with = std::move(set);
    configured_digest = std::move(digest);
    co_return write("configure", vmid).status();
  }
  Async<Result<Upid>> resize_guest(NodeName, VmId vmid, std::string, std::string) override {
    co_return write("resize", vmid);
  }
  Async<Result<Upid>> give_volume(NodeName, VolumeGift gift) override {
    given = gift;
    co_return write("give", gift.from);
  }
  Async<Result<Upid>> migrate_guest(NodeName, VmId vmid, NodeName, bool) override {
    co_return write("migrate", vmid);
  }
  Async<Result<Upid>> start_guest(NodeName, VmId vmid) override { co_return write("start", vmid); }
  Async<Result<Upid>> stop_guest(NodeName, VmId vmid) override { co_return write("stop", vmid); }
  Async<Result<Upid>> shutdown_guest(NodeName, VmId vmid, Duration) override {
    co_return write("shutdown", vmid);
  }
  Async<Result<Upid>> destroy_guest(NodeName, VmId vmid, DestroyOptions) override {
    co_return write("destroy", vmid);
  }
  Async<Result<Upid>> take_snapshot(NodeName, VmId vmid, std::string name,
                                    std::string description) override {
    snapshot_description = std::move(description);
    co_return write("snapshot " + name + " of", vmid);
  }
  Async<Result<Upid>> delete_snapshot(NodeName, VmId vmid, std::string name) override {
    co_return write("delete snapshot " + name + " of", vmid);
  }
  Async<Result<Upid>> roll_back_guest(NodeName, VmId vmid, std::string snapshot) override {
    co_return write("roll back to " + snapshot, vmid);
  }
  Async<Result<Upid>> back_up_guest(NodeName, VmId vmid, StorageId, std::string) override {
    co_return write("back up", vmid);
  }
  Async<Status> create_interface(NodeName, std::string name, Parameters parameters) override {
    created_with = std::move(parameters);
    writes.push_back("create_interface " + name);
    co_return answer("create_interface", true).status();
  }
  Async<Status> delete_interface(NodeName, std::string name) override {
    writes.push_back("delete_interface " + name);
    co_return answer("delete_interface", true).status();
  }
  Async<Result<Upid>> apply_network(NodeName node) override {
    writes.push_back("apply_network " + node.get());
    co_return answer("apply_network", next_task);
  }

 private:
  template <class T>
  Result<T> answer(const std::string& name, T value) {
    calls.push_back(name);
    if (on_call) on_call(name);
    if (const auto it = errors.find(name); it != errors.end()) return it->second;
    return value;
  }
  Result<Upid> write(const std::string& name, VmId vmid) {
    writes.push_back(name + " " + std::to_string(vmid.get()));
    return answer(name, next_task);
  }
};

}  // namespace gantry::pve
