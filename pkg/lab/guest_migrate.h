#pragma once
// Moving a container to another node, for the API's call and for the HA manager.
// Source: pve-container PVE/LXC/Migrate.pm, pve-guest-common PVE/AbstractMigrate.pm. Unverified: no
// recording has more than one node.
#include <map>
#include <string>

#include "pkg/lab/model.h"

namespace gantry::lab {

// Which storage takes the place of which: "local:nfs,a:b", "nfs" (of all) or "1" (each of itself).
struct StorageMap {
  std::map<std::string, std::string> entries;
  std::string of_others;
  bool is_identity = false;
  const std::string& of(const std::string& storage) const;
};
StorageMap parse_storage_map(const std::string& text);

struct Migration {
  NodeName node, target;
  VmId vmid;
  bool online = false, restart = false;
  Duration timeout = std::chrono::seconds(180);  // of the shutdown
  StorageMap storages;
};
// vzmigrate: shuts down if need be, copies local disks, moves the config, starts again.
Job make_migrate_job(Model& model, Migration migration);

}  // namespace gantry::lab
