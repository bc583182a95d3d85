#pragma once
// Nobody hands out more than he holds.
#include <optional>

#include "pkg/apiserver/authz/rbac.h"
#include "pkg/apiserver/request/status.h"

namespace gantry::apiserver {

// 403 when writing `object` over `old` (null: a new one) would give somebody what `user` does not
// hold: rules of a role (unless the user may `escalate` it), a role by a binding (unless the user
// may `bind` that role), or a token for somebody whom the user may not `impersonate`. Looks at
// RBAC objects and at Secrets that are tokens; anything else passes.
std::optional<ApiError> check_escalation(Rbac& rbac, const User& user, const RequestInfo& info,
                                         const Json* old, const Json& object);

// Who is impersonated: nullopt when `user` may be that user and in all of these groups; else what
// is not allowed.
std::optional<Attributes> refuses_to_be(Rbac& rbac, const User& user, const User& target);

}  // namespace gantry::apiserver
