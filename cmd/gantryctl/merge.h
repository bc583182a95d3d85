#pragma once
// Three-way merge: what `apply` sends.
#include "pkg/base/json.h"

namespace gantry::ctl {

inline constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// The merge patch (RFC 7386) that makes `live` say what `wanted` says, and that removes what was
// in `last` (the previous manifest) but is no longer wanted. Fields that others set stay. Null when
// there is nothing to change. Lists are replaced whole.
Json three_way_patch(const Json& last, const Json& wanted, const Json& live);

// The manifest as it is remembered in the annotation: without the annotation itself.
Json without_last_applied(Json manifest);

}  // namespace gantry::ctl
