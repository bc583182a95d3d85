#pragma once
// What the first start makes: namespaces and the admin's kubeconfig.
#include <cstdint>
#include <string>
#include <vector>

#include "pkg/base/random.h"
#include "pkg/store/store.h"

namespace gantry::daemon {

// "default" and "gantry-system". Idempotent.
Async<Status> ensure_namespaces(store::Store& store);

// Where clients find an API that listens at that address: by the first name that they use, and
// where it listens everywhere and has none, on this machine. A loopback address is reached by
// itself only.
std::string api_url(const std::string& address, const std::vector<std::string>& names,
                    uint16_t port);

// Unless there is a kubeconfig at `path`: issues a token of system:masters and writes one, mode
// 0600. A kubeconfig that was lost is made anew with a new token; the old token stays valid until
// its Secret is deleted. One that names another server than `url` is told in the log, and stays.
Async<Status> ensure_admin(store::Store& store, Random& random, std::string path, std::string url,
                           std::string ca_pem);

}  // namespace gantry::daemon
