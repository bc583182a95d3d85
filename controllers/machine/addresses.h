#pragma once
// The addresses that a container is reached by.
#include <string>
#include <vector>

#include "controllers/machine/observation.h"

namespace gantry::controllers::machine {

// Those of the interfaces that its config has, in the order of net0, net1, …. What programs inside
// add (Docker's bridges, tunnels) exists on every such container, and leads to none of them. Nor do
// link-local addresses: every card that is up has one.
std::vector<std::string> addresses_of(const Guest& guest);

// A link-local address of one of them: its system has brought the card up. Empty: there is none.
std::string link_local_of(const Guest& guest);

}  // namespace gantry::controllers::machine
