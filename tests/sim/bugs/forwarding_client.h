#pragma once
// ForwardingClient: passes every call on; what differs is overridden.
#include <memory>
#include <utility>

#include "pkg/pve/client.h"

namespace gantry::sim {

class ForwardingClient : public pve::Client {
 public:
  explicit ForwardingClient(std::unique_ptr<pve::Client> client) : client_(std::move(client)) {}

  Async<Result<pve::Version>> version() override { return client_->version(); }
  Async<Result<pve::Permissions>> permissions() override { return client_->permissions(); }
  Async<Result<pve::ClusterStatus>> cluster_status() override { return client_->cluster_status(); }
  Async<Result<pve::Resources>> resources() override { return client_->resources(); }
  Async<Result<std::vector<pve::StorageRow>>> storages(NodeName node) override {
    return client_->storages(std::move(node));
  }
  Async<Result<std::vector<pve::Volume>>> volumes(NodeName node, StorageId storage,
                                                  std::string content) override {
    return client_->volumes(std::move(node), std::move(storage), std::move(content));
  }
  Async<Result<std::vector<std::string>>> bridges(NodeName node) override {
    return client_->bridges(std::move(node));
  }
  Async<Result<pve::NodeNetwork>> network(NodeName node) override {
    return client_->network(std::move(node));
  }
  Async<Result<bool>> is_vmid_free(VmId vmid) override { return client_->is_vmid_free(vmid); }
  Async<Result<pve::GuestConfig>> guest_config(NodeName node, VmId vmid) override {
    return client_->guest_config(std::move(node), vmid);
  }
  Async<Result<std::vector<pve::PendingChange>>> guest_pending(NodeName node, VmId vmid) override {
    return client_->guest_pending(std::move(node), vmid);
  }
  Async<Result<pve::GuestStatus>> guest_status(NodeName node, VmId vmid) override {
    return client_->guest_status(std::move(node), vmid);
  }
  Async<Result<std::vector<pve::GuestInterface>>> guest_interfaces(NodeName node,
                                                                   VmId vmid) override {
    return client_->guest_interfaces(std::move(node), vmid);
  }
  Async<Result<std::vector<pve::Snapshot>>> snapshots(NodeName node, VmId vmid) override {
    return client_->snapshots(std::move(node), vmid);
  }
  Async<Result<bool>> has_feature(NodeName node, VmId vmid, std::string feature) override {
    return client_->has_feature(std::move(node), vmid, std::move(feature));
  }
  Async<Result<pve::Task>> task(Upid upid) override { return client_->task(std::move(upid)); }
  Async<Result<std::vector<std::string>>> task_log(Upid upid, int lines) override {
    return client_->task_log(std::move(upid), lines);
  }
  Async<Result<std::vector<pve::Task>>> tasks(NodeName node, VmId vmid) override {
    return client_->tasks(std::move(node), vmid);
  }
  Async<Result<std::vector<pve::Task>>> running_tasks(NodeName node) override {
    return client_->running_tasks(std::move(node));
  }

  Async<Result<Upid>> create_guest(NodeName node, VmId vmid, pve::Parameters parameters) override {
    return client_->create_guest(std::move(node), vmid, std::move(parameters));
  }
  Async<Result<Upid>> clone_guest(NodeName node, VmId source, VmId vmid,
                                  pve::Parameters parameters) override {
    return client_->clone_guest(std::move(node), source, vmid, std::move(parameters));
  }
  Async<Status> configure_guest(NodeName node, VmId vmid, pve::Parameters set,
                                std::vector<std::string> remove, std::string digest) override {
    return client_->configure_guest(std::move(node), vmid, std::move(set), std::move(remove),
                                    std::move(digest));
  }
  Async<Result<Upid>> resize_guest(NodeName node, VmId vmid, std::string disk,
                                   std::string size) override {
    return client_->resize_guest(std::move(node), vmid, std::move(disk), std::move(size));
  }
  Async<Result<Upid>> give_volume(NodeName node, pve::VolumeGift gift) override {
    return client_->give_volume(std::move(node), std::move(gift));
  }
  Async<Result<Upid>> migrate_guest(NodeName node, VmId vmid, NodeName target,
                                    bool restart) override {
    return client_->migrate_guest(std::move(node), vmid, std::move(target), restart);
  }
  Async<Result<Upid>> start_guest(NodeName node, VmId vmid) override {
    return client_->start_guest(std::move(node), vmid);
  }
  Async<Result<Upid>> stop_guest(NodeName node, VmId vmid) override {
    return client_->stop_guest(std::move(node), vmid);
  }
  Async<Result<Upid>> shutdown_guest(NodeName node, VmId vmid, Duration timeout) override {
    return client_->shutdown_guest(std::move(node), vmid, timeout);
  }
  Async<Result<Upid>> destroy_guest(NodeName node, VmId vmid,
                                    pve::DestroyOptions options) override {
    return client_->destroy_guest(std::move(node), vmid, options);
  }
  Async<Result<Upid>> take_snapshot(NodeName node, VmId vmid, std::string name,
                                    std::string description) override {
    return client_->take_snapshot(std::move(node), vmid, std::move(name), std::move(description));
  }
  Async<Result<Upid>> delete_snapshot(NodeName node, VmId vmid, std::string name) override {
    return client_->delete_snapshot(std::move(node), vmid, std::move(name));
  }
  Async<Result<Upid>> roll_back_guest(NodeName node, VmId vmid, std::string snapshot) override {
    return client_->roll_back_guest(std::move(node), vmid, std::move(snapshot));
  }
  Async<Result<Upid>> back_up_guest(NodeName node, VmId vmid, StorageId storage,
                                    std::string notes) override {
    return client_->back_up_guest(std::move(node), vmid, std::move(storage), std::move(notes));
  }
  Async<Status> create_interface(NodeName node, std::string name,
                                 pve::Parameters parameters) override {
    return client_->create_interface(std::move(node), std::move(name), std::move(parameters));
  }
  Async<Status> delete_interface(NodeName node, std::string name) override {
    return client_->delete_interface(std::move(node), std::move(name));
  }
  Async<Result<Upid>> apply_network(NodeName node) override {
    return client_->apply_network(std::move(node));
  }

 private:
  std::unique_ptr<pve::Client> client_;
};

}  // namespace gantry::sim
