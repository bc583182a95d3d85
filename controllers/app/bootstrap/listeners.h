#pragma once
// Listeners: which ports of a container only the container itself reaches.
#include <set>
#include <string>

#include "pkg/async/async.h"
#include "pkg/base/status.h"
#include "pkg/guest/setup/guest.h"

namespace gantry::controllers::app {

// The TCP ports that somebody listens on at the loopback, and nobody at another address, by the
// text of /proc/net/tcp and /proc/net/tcp6. Lines that are not as they should be count for nothing.
std::set<int> loopback_ports(const std::string& proc_net_tcp);

// Asks a container. Remote when it has no such files.
Async<Result<std::set<int>>> ask_loopback_ports(guest::Guest guest);

}  // namespace gantry::controllers::app
