#pragma once
// The addresses that a container is reached by.
#include <string>
#include <vector>

#include "controllers/machine/observation.h"

namespace gantry::controllers::machine {

// Those of the interfaces that its config has, in the order of net0, net1, …. What programs inside
// add (Docker's bridges, tunnels) exists on every such container, and leads to none of them.
std::vector<std::string> addresses_of(const Guest& guest);

}  // namespace gantry::controllers::machine
