#pragma once
// RFC 6902 JSON patch.
#include "pkg/base/json.h"
#include "pkg/base/status.h"

namespace gantry::apiserver {

// As Kubernetes has it; more is refused before anything is looked at.
inline constexpr size_t kOperationsMax = 10'000;
// What all operations together may copy and compare (bytes), and move in arrays (elements).
inline constexpr size_t kPatchCopiesMax = 3 << 20;
inline constexpr size_t kPatchMovesMax = 10'000'000;

// Applies all operations or none. kInvalid names the operation by its index and says what failed;
// a failed "test" too, and one that is beyond the limits.
Status apply_json_patch(Json& target, const Json& patch);

}  // namespace gantry::apiserver
