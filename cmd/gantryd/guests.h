#pragma once
// The way from a Machine to its container, for logs and exec.
#include "pkg/apiserver/pods/guests.h"
#include "pkg/inventory/clusters.h"

namespace gantry::daemon {

// Finds the cluster by our rows and the node in what is observed now: classes change, and guests
// migrate. Each command proves first that the container is the Machine's (pve::Writer::prove): a
// VMID alone may be somebody else's by then. Fails (remote) while no connected cluster is known to
// hold the container, has no command channel or does not list it, and for one that does not run by
// its Machine's status.
Result<apiserver::GuestDoor> find_guest(const inventory::Clusters& clusters, const Json& machine);

}  // namespace gantry::daemon
