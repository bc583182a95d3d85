#pragma once
// The identifiers that everybody speaks of.
#include <cstdint>
#include <string>

#include "pkg/base/strong.h"

namespace gantry {

// A Proxmox guest id, 100 … 999999999, unique in a cluster.
using VmId = Strong<struct VmIdTag, int64_t>;
// A Proxmox node's name, as in /nodes/{node}.
using NodeName = Strong<struct NodeNameTag, std::string>;
// A Proxmox storage's id, as in /storage/{storage}.
using StorageId = Strong<struct StorageIdTag, std::string>;
// A Proxmox task: "UPID:node:pid:pstart:starttime:type:id:user:".
using Upid = Strong<struct UpidTag, std::string>;
// An object's metadata.uid (RFC 4122).
using Uid = Strong<struct UidTag, std::string>;
// The name of a ProxmoxCluster object.
using ClusterName = Strong<struct ClusterNameTag, std::string>;

}  // namespace gantry
