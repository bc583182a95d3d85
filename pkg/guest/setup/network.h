#pragma once
// Why a command inside a container could not reach what it needs, layer by layer.
#include "pkg/guest/setup/setup.h"

namespace gantry::guest {

// `failed` as it is, unless its words say that something in the network did not answer. Then the
// container is asked for its route, its name servers and its gateway, and the Status says which of
// them is missing, as Overload (later it may work; what runs is not at fault) and with the code of
// the failure catalogue: NET-003 (no route), DNS-002 (no name server), NET-004 (names, gateway),
// else the code that it has, or NET-005. No more than four short questions.
Async<Status> explain_network(Setup& setup, Status failed);

}  // namespace gantry::guest
