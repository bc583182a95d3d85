#pragma once
// What our token must be allowed to do, and whether it is.
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/pve/types.h"

namespace gantry::inventory {

// A privilege needed on a path. A path that ends in "/*" is met by any path below it.
struct Need {
  std::string path;
  std::string privilege;
};

// What the life of a container needs when the guests live in `pool` (without one: on /vms).
// `writes` false: what watching alone needs. Tried on a 9.2 server with a token that has exactly
// these.
std::vector<Need> privilege_needs(std::string_view pool, bool writes);

// The needs that do not hold, as "/pool/gantry: VM.Audit"; sorted.
//
// Proxmox lists the top-level paths and every path with an ACL; below a listed path privileges
// propagate. "/" is no evidence for what is below it: Sys.Audit there is granted without
// propagation. (pve-access-control, PVE/RPCEnvironment.pm: get_effective_permissions)
std::set<std::string> missing_privileges(const std::vector<Need>& needs,
                                         const pve::Permissions& permissions);

}  // namespace gantry::inventory
