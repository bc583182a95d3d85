#pragma once
// RFC 6902 JSON patch.
#include "pkg/base/json.h"
#include "pkg/base/status.h"

namespace gantry::apiserver {

// Applies all operations or none. kInvalid names the operation by its index and says what failed;
// a failed "test" too.
Status apply_json_patch(Json& target, const Json& patch);

}  // namespace gantry::apiserver
