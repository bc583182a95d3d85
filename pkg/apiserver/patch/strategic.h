#pragma once
// Strategic merge patch: a merge patch that knows which lists merge by a key.
#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/schema/schema.h"

namespace gantry::apiserver {

// Lists with a MapKey merge by it, sets merge as sets, all other lists are replaced; null removes.
// Directives: $patch (merge, replace, delete), $retainKeys, $setElementOrder/LIST,
// $deleteFromPrimitiveList/LIST. kInvalid names the place in the patch; `target` is then as before.
// k8s.io/apimachinery/pkg/util/strategicpatch. O(size log size).
Status apply_strategic_merge(const schema::TypeInfo& type, Json& target, const Json& patch);

}  // namespace gantry::apiserver
