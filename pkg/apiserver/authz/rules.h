#pragma once
// What the rules of roles mean. Pure functions.
// Kubernetes: plugin/pkg/auth/authorizer/rbac, component-helpers/auth/rbac/validation.
#include <vector>

#include "api/rbac/role.h"
#include "pkg/apiserver/authz/attributes.h"

namespace gantry::apiserver {

using Rules = std::vector<api::rbac::PolicyRule>;

bool allows(const api::rbac::PolicyRule& rule, const Attributes& wanted);

// What of `wanted` is not in `held`, in single steps (one verb on one resource); empty: all of it
// is held. O(steps of wanted × held).
Rules missing_from(const Rules& held, const Rules& wanted);

// `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`, as kubectl's users know it.
std::string describe(const api::rbac::PolicyRule& rule);

}  // namespace gantry::apiserver
