#pragma once
// Bridges that were added to a node through its API: real ones on this machine, with nothing on
// them but containers.
#include <string>
#include <vector>

#include "pkg/lab/lxc/instance.h"

namespace gantry::lab::lxc {

// Whether this machine has an interface of that name. Blocks.
bool is_there(const std::string& interface);

// Adds what is missing of `names` (PVE's) and removes what is there beside them; other instances'
// are never touched. Blocks.
Status set_added_bridges(const Instance& instance, const std::vector<std::string>& names);

}  // namespace gantry::lab::lxc
