#pragma once
// Clusters: the connected Proxmox clusters, by name. How controllers reach the world.
#include <memory>
#include <string>
#include <vector>

#include "api/v1alpha1/proxmoxcluster.h"
#include "pkg/guest/channel.h"
#include "pkg/inventory/inventory.h"
#include "pkg/pve/writer.h"

namespace gantry::inventory {

// One connected cluster. Whoever holds the pointer may go on using it after the connection has been
// replaced (new secret, new spec): its calls then fail by themselves. Every write goes through
// `writer`, whose gate knows the mode, completeness, quorum, vanish guard and leadership.
struct Cluster {
  ClusterName name;
  std::string installation;  // of our mark
  std::string user;          // as whom we speak to Proxmox: "gantry@pve!daemon" or "root@pam"
  api::v1alpha1::ProxmoxClusterSpec spec;
  Inventory& inventory;
  pve::Reader& reader;
  pve::Writer& writer;
  guest::Channel* channel = nullptr;  // null: no command channel
  pve::Gate gate;                     // the writer's, for saying in advance what would be held
};
using ClusterPtr = std::shared_ptr<const Cluster>;

class Clusters {
 public:
  virtual ~Clusters() = default;
  // Null while there is no such cluster or no connection could be built (its conditions say why).
  virtual ClusterPtr find(const ClusterName& name) const = 0;
  // By name.
  virtual std::vector<ClusterPtr> all() const = 0;
};

// The connected cluster in which that id is reserved for that Machine: where its container is,
// whatever class it names by now. Null while none is known to be.
ClusterPtr find_holder(const Clusters& clusters, const Uid& machine, VmId vmid);

}  // namespace gantry::inventory
