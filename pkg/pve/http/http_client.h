#pragma once
// HttpClient: pve::Client over the real REST API.
#include <optional>
#include <string>
#include <vector>

#include "pkg/pve/client.h"
#include "pkg/pve/http/decode.h"
#include "pkg/pve/http/parameters.h"
#include "pkg/pve/http/session.h"

namespace gantry::pve {

// Not thread-safe; calls may overlap. Must outlive them.
class HttpClient final : public Client {
 public:
  explicit HttpClient(ClientOptions options);

  Async<Result<Version>> version() override;
  Async<Result<Permissions>> permissions() override;
  Async<Result<ClusterStatus>> cluster_status() override;
  Async<Result<Resources>> resources() override;
  Async<Result<std::vector<StorageRow>>> storages(NodeName node) override;
  Async<Result<std::vector<Volume>>> volumes(NodeName node, StorageId storage,
                                             std::string content) override;
  Async<Result<std::vector<std::string>>> bridges(NodeName node) override;
  Async<Result<NodeNetwork>> network(NodeName node) override;
  Async<Result<bool>> is_vmid_free(VmId vmid) override;
  Async<Result<GuestConfig>> guest_config(NodeName node, VmId vmid) override;
  Async<Result<std::vector<PendingChange>>> guest_pending(NodeName node, VmId vmid) override;
  Async<Result<GuestStatus>> guest_status(NodeName node, VmId vmid) override;
  Async<Result<std::vector<GuestInterface>>> guest_interfaces(NodeName node, VmId vmid) override;
  Async<Result<std::vector<Snapshot>>> snapshots(NodeName node, VmId vmid) override;
  Async<Result<bool>> has_feature(NodeName node, VmId vmid, std::string feature) override;
  Async<Result<Task>> task(Upid upid) override;
  Async<Result<std::vector<std::string>>> task_log(Upid upid, int lines) override;
  Async<Result<std::vector<Task>>> tasks(NodeName node, VmId vmid) override;
  Async<Result<std::vector<Task>>> running_tasks(NodeName node) override;

  Async<Result<Upid>> create_guest(NodeName node, VmId vmid, Parameters parameters) override;
  Async<Result<Upid>> clone_guest(NodeName node, VmId source, VmId vmid,
                                  Parameters parameters) override;
  Async<Status> configure_guest(NodeName node, VmId vmid, Parameters set,
                                std::vector<std::string> remove, std::string digest) override;
  Async<Result<Upid>> resize_guest(NodeName node, VmId vmid, std::string disk,
                                   std::string size) override;
  Async<Result<Upid>> give_volume(NodeName node, VolumeGift gift) override;
  Async<Result<Upid>> migrate_guest(NodeName node, VmId vmid, NodeName target,
                                    bool restart) override;
  Async<Result<Upid>> start_guest(NodeName node, VmId vmid) override;
  Async<Result<Upid>> stop_guest(NodeName node, VmId vmid) override;
  Async<Result<Upid>> shutdown_guest(NodeName node, VmId vmid, Duration timeout) override;
  Async<Result<Upid>> destroy_guest(NodeName node, VmId vmid, DestroyOptions options) override;
  Async<Result<Upid>> take_snapshot(NodeName node, VmId vmid, std::string name,
                                    std::string description) override;
  Async<Result<Upid>> delete_snapshot(NodeName node, VmId vmid, std::string name) override;
  Async<Result<Upid>> roll_back_guest(NodeName node, VmId vmid, std::string snapshot) override;
  Async<Result<Upid>> back_up_guest(NodeName node, VmId vmid, StorageId storage,
                                    std::string notes) override;
  const std::vector<EndpointSight>& endpoints() const { return session_.sights(); }
  Async<Status> create_interface(NodeName node, std::string name, Parameters parameters) override;
  Async<Status> delete_interface(NodeName node, std::string name) override;
  Async<Result<Upid>> apply_network(NodeName node) override;

 private:
  template <class T>
  using Decoder = Result<T> (*)(const Json& data, Oddities& odd);
  // Calls and decodes "data".
  template <class T>
  Async<Result<T>> ask(Call call, Decoder<T> decode);
  Async<Result<Json>> log_page(Upid upid, int64_t start, int64_t limit);
  Async<Status> allow(std::vector<std::string> keys, ParameterSet set);

  Session session_;
  std::optional<Version> version_;  // as last told
};

}  // namespace gantry::pve
