#pragma once
// Who may do what, until RBAC objects exist: two built-in groups.
#include "pkg/apiserver/authn/user.h"
#include "pkg/apiserver/request/request_info.h"

namespace gantry::apiserver {

// system:masters may do everything; gantry:viewers may get, list and watch everything but Secrets,
// and read discovery. Everybody who is authenticated may read discovery and /version.
bool is_allowed(const User& user, const RequestInfo& info);

}  // namespace gantry::apiserver
