#include "cmd/gantryd/guests.h"

namespace gantry::daemon {

Result<apiserver::GuestDoor> find_guest(const store::Store& store,
                                        const inventory::Clusters& clusters, const Json& machine) {
  const auto* class_name = machine.find_path({"spec", "machineClassName"});
  const auto* vmid = machine.find_path({"status", "vmid"});
  if (class_name == nullptr || !class_name->is_string() || vmid == nullptr || !vmid->is_integer())
    return make_error(ErrorClass::remote, "the Machine has no container");
  const store::Key key{"machineclasses.gantry.dev", "", class_name->as_string()};
  GANTRY_TRY_ASSIGN(const auto machine_class, store.get(key));
  const auto* cluster_name = machine_class->value.find_path({"spec", "clusterName"});
  const auto name = cluster_name == nullptr ? std::string() : cluster_name->as_string();
  const auto cluster = clusters.find(ClusterName(name));
  if (!cluster) return error(ErrorClass::remote, "ProxmoxCluster %s is not connected", name);
  if (cluster->channel == nullptr)
    return error(ErrorClass::remote, "ProxmoxCluster %s has no commandChannel", name);
  apiserver::GuestDoor door;
  door.target.vmid = VmId(vmid->as_integer());
  // Its own word, read from the guest itself; the lists may be ten seconds behind.
  const auto* power = machine.find_path({"status", "power"});
  if (power != nullptr && *power != Json("running"))
    return error(ErrorClass::remote, "container %d is not running", door.target.vmid.get());
  const auto sighting = cluster->inventory.sight(door.target.vmid);
  if (sighting.presence != inventory::Presence::present || !sighting.guest)
    return error(ErrorClass::remote, "container %d is not in sight just now",
                 door.target.vmid.get());
  door.target.node = sighting.guest->node;
  door.channel = cluster->channel;
  door.keeps = cluster;
  return door;
}

}  // namespace gantry::daemon
