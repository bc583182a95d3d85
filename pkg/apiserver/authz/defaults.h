#pragma once
// The roles and bindings that are there from the start.
#include <vector>

#include "pkg/store/store.h"

namespace gantry::apiserver {

// cluster-admin, admin, edit, view; system:discovery and system:basic-user for everybody who is
// authenticated; gantry:viewer (everything but Secrets) for the group gantry:viewers, and
// gantry:metrics-reader.
const std::vector<Json>& default_roles();
const std::vector<Json>& default_bindings();

// Makes those that are missing and brings up to date those that nobody has changed since: each
// carries a digest of what was written. One that a person has changed, or has marked with
// rbac.authorization.kubernetes.io/autoupdate: "false", stays as it is. One that a person has
// deleted comes back. Errors as the store's.
Async<Status> ensure_default_roles(store::Store& store);

}  // namespace gantry::apiserver
