#pragma once
// The way from a Machine to its container, for logs and exec.
#include "pkg/apiserver/pods/guests.h"
#include "pkg/inventory/clusters.h"
#include "pkg/store/store.h"

namespace gantry::daemon {

// Looks the container's node up in what is observed now: guests migrate. Fails (remote) while the
// cluster is not connected, has no command channel or does not list the container, and for one that
// does not run by its Machine's status.
Result<apiserver::GuestDoor> find_guest(const store::Store& store,
                                        const inventory::Clusters& clusters, const Json& machine);

}  // namespace gantry::daemon
