#pragma once
// The in-process door: a pve::Client that calls the model without sockets and without JSON text,
// through the same router, checks and faults as the HTTP door.
#include <string>

#include "pkg/lab/model.h"
#include "pkg/pve/client.h"

namespace gantry::lab {

class InProcessClient final : public pve::Client {
 public:
  // `model` outlives this. `token` as in "user@realm!name".
  InProcessClient(Model& model, std::string token, NodeName door)
      : model_(model), token_(std::move(token)), door_(std::move(door)) {}

  Async<Result<pve::Version>> version() override;
  Async<Result<pve::Permissions>> permissions() override;
  Async<Result<pve::ClusterStatus>> cluster_status() override;
  Async<Result<pve::Resources>> resources() override;
  Async<Result<std::vector<pve::StorageRow>>> storages(NodeName node) override;
  Async<Result<std::vector<pve::Volume>>> volumes(NodeName node, StorageId storage,
                                                  std::string content) override;
  Async<Result<std::vector<std::string>>> bridges(NodeName node) override;
  Async<Result<pve::NodeNetwork>> network(NodeName node) override;
  Async<Result<bool>> is_vmid_free(VmId vmid) override;
  Async<Result<pve::GuestConfig>> guest_config(NodeName node, VmId vmid) override;
  Async<Result<std::vector<pve::PendingChange>>> guest_pending(NodeName node, VmId vmid) override;
  Async<Result<pve::GuestStatus>> guest_status(NodeName node, VmId vmid) override;
  Async<Result<std::vector<pve::GuestInterface>>> guest_interfaces(NodeName node,
                                                                   VmId vmid) override;
  Async<Result<std::vector<pve::Snapshot>>> snapshots(NodeName node, VmId vmid) override;
  Async<Result<bool>> has_feature(NodeName node, VmId vmid, std::string feature) override;
  Async<Result<pve::Task>> task(Upid upid) override;
  Async<Result<std::vector<std::string>>> task_log(Upid upid, int lines) override;
  Async<Result<std::vector<pve::Task>>> tasks(NodeName node, VmId vmid) override;
  Async<Result<std::vector<pve::Task>>> running_tasks(NodeName node) override;

  Async<Result<Upid>> create_guest(NodeName node, VmId vmid, pve::Parameters parameters) override;
  Async<Result<Upid>> clone_guest(NodeName node, VmId source, VmId vmid,
                                  pve::Parameters parameters) override;
  Async<Status> configure_guest(NodeName node, VmId vmid, pve::Parameters set,
                                std::vector<std::string> remove, std::string digest) override;
  Async<Result<Upid>> resize_guest(NodeName node, VmId vmid, std::string disk,
                                   std::string size) override;
  Async<Result<Upid>> give_volume(NodeName node, pve::VolumeGift gift) override;
  Async<Result<Upid>> migrate_guest(NodeName node, VmId vmid, NodeName target,
                                    bool restart) override;
  Async<Result<Upid>> start_guest(NodeName node, VmId vmid) override;
  Async<Result<Upid>> stop_guest(NodeName node, VmId vmid) override;
  Async<Result<Upid>> shutdown_guest(NodeName node, VmId vmid, Duration timeout) override;
  Async<Result<Upid>> destroy_guest(NodeName node, VmId vmid, pve::DestroyOptions options) override;
  Async<Result<Upid>> take_snapshot(NodeName node, VmId vmid, std::string name,
                                    std::string description) override;
  Async<Result<Upid>> delete_snapshot(NodeName node, VmId vmid, std::string name) override;
  Async<Result<Upid>> roll_back_guest(NodeName node, VmId vmid, std::string snapshot) override;
  Async<Result<Upid>> back_up_guest(NodeName node, VmId vmid, StorageId storage,
                                    std::string notes) override;
  Async<Status> create_interface(NodeName node, std::string name,
                                 pve::Parameters parameters) override;
  Async<Status> delete_interface(NodeName node, std::string name) override;
  Async<Result<Upid>> apply_network(NodeName node) override;

 private:
  // The answer, or the failure with its class.
  Async<Result<Reply>> call(std::string method, std::string path, Params params);
  // Its data.
  Async<Result<Json>> ask(std::string method, std::string path, Params params);
  Async<Result<Json>> get(std::string path);
  Async<Result<Upid>> queue(std::string method, std::string path, Params params);

  Model& model_;
  std::string token_;
  NodeName door_;
};

}  // namespace gantry::lab
