#include "cmd/gantryd/guests.h"

namespace gantry::daemon {
namespace {

// A cluster's channel into one Machine's container.
class ProvenChannel final : public guest::Channel {
 public:
  ProvenChannel(inventory::ClusterPtr cluster, Uid machine)
      : cluster_(std::move(cluster)), machine_(std::move(machine)) {}

  Async<Result<guest::Exit>> exec(guest::Target target, guest::Command command,
                                  guest::OutputSink sink) override {
    GANTRY_CO_TRY(co_await prove(target));
    co_return co_await cluster_->channel->exec(std::move(target), std::move(command),
                                               std::move(sink));
  }
  Async<Status> push(guest::Target target, guest::File file) override {
    GANTRY_CO_TRY(co_await prove(target));
    co_return co_await cluster_->channel->push(std::move(target), std::move(file));
  }
  Async<Status> unlock(guest::Target target, Upid create_task) override {
    GANTRY_CO_TRY(co_await prove(target));
    co_return co_await cluster_->channel->unlock(std::move(target), std::move(create_task));
  }

 private:
  Async<Status> prove(guest::Target target) {
    return cluster_->writer.prove(std::move(target.node), target.vmid, machine_);
  }

  inventory::ClusterPtr cluster_;
  Uid machine_;
};

}  // namespace

Result<apiserver::GuestDoor> find_guest(const inventory::Clusters& clusters, const Json& machine) {
  const auto* uid = machine.find_path({"metadata", "uid"});
  const auto* id = machine.find_path({"status", "vmid"});
  if (uid == nullptr || !uid->is_string() || id == nullptr || !id->is_integer())
    return make_error(ErrorClass::remote, "the Machine has no container");
  const VmId vmid(id->as_integer());
  const Uid owner(uid->as_string());
  const auto cluster = inventory::find_holder(clusters, owner, vmid);
  if (!cluster)
    return error(ErrorClass::remote, "no connected ProxmoxCluster is known to hold container %d",
                 vmid.get());
  if (cluster->channel == nullptr)
    return error(ErrorClass::remote, "ProxmoxCluster %s has no commandChannel",
                 cluster->name.get());
  // Its own word, read from the guest itself; the lists may be ten seconds behind.
  const auto* power = machine.find_path({"status", "power"});
  if (power != nullptr && *power != Json("running"))
    return error(ErrorClass::remote, "container %d is not running", vmid.get());
  const auto sighting = cluster->inventory.sight(vmid);
  if (sighting.presence != inventory::Presence::present || !sighting.guest)
    return error(ErrorClass::remote, "container %d is not in sight just now", vmid.get());
  const auto channel = std::make_shared<ProvenChannel>(cluster, owner);
  apiserver::GuestDoor door;
  door.target = guest::Target{sighting.guest->node, vmid};
  door.channel = channel.get();
  door.keeps = channel;
  return door;
}

}  // namespace gantry::daemon
