#pragma once
// What the first start makes: namespaces and the admin's kubeconfig.
#include <string>

#include "pkg/base/random.h"
#include "pkg/store/store.h"

namespace gantry::daemon {

// "default" and "gantry-system". Idempotent.
Async<Status> ensure_namespaces(store::Store& store);

// Unless there is a kubeconfig at `path`: issues a token of system:masters and writes one, mode
// 0600. A kubeconfig that was lost is made anew with a new token; the old token stays valid until
// its Secret is deleted.
Async<Status> ensure_admin(store::Store& store, Random& random, std::string path, std::string url,
                           std::string ca_pem);

}  // namespace gantry::daemon
