#pragma once
// DefectiveClient: what a daemon with a bug believes that Proxmox has said.
#include <set>
#include <string>

#include "pkg/store/guests.h"
#include "tests/sim/bugs/bugs.h"
#include "tests/sim/bugs/forwarding_client.h"

namespace gantry::sim {

// `bugs` and `guests` outlive it.
class DefectiveClient final : public ForwardingClient {
 public:
  DefectiveClient(const Bugs& bugs, std::unique_ptr<pve::Client> client, store::Guests& guests,
                  std::string installation)
      : ForwardingClient(std::move(client)),
        bugs_(bugs),
        guests_(guests),
        installation_(std::move(installation)) {}

  // It has been concluded to be gone, because its config was forbidden.
  bool is_thought_gone(VmId vmid) const { return forbidden_.contains(vmid); }

  Async<Result<bool>> is_vmid_free(VmId vmid) override;
  Async<Result<std::vector<pve::Volume>>> volumes(NodeName node, StorageId storage,
                                                  std::string content) override;
  Async<Result<pve::GuestConfig>> guest_config(NodeName node, VmId vmid) override;
  Async<Result<pve::GuestStatus>> guest_status(NodeName node, VmId vmid) override;
  Async<Result<pve::Task>> task(Upid upid) override;
  Async<Result<std::vector<pve::Task>>> tasks(NodeName node, VmId vmid) override;
  Async<Result<Upid>> create_guest(NodeName node, VmId vmid, pve::Parameters parameters) override;
  Async<Result<Upid>> start_guest(NodeName node, VmId vmid) override;
  Async<Result<Upid>> stop_guest(NodeName node, VmId vmid) override;
  Async<Result<Upid>> shutdown_guest(NodeName node, VmId vmid, Duration timeout) override;
  Async<Result<Upid>> destroy_guest(NodeName node, VmId vmid, pve::DestroyOptions options) override;

 private:
  bool has(Bug bug) const { return bugs_.contains(bug); }
  void believe_ended(pve::Task& task) const;
  void note_stop(VmId vmid, const Result<Upid>& task);
  const Bugs& bugs_;
  store::Guests& guests_;
  std::string installation_;
  std::set<VmId> stopped_, destroyed_, forbidden_;
  std::set<Upid> ended_;  // tasks that are not awaited
};

}  // namespace gantry::sim
