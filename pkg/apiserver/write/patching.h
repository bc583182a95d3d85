#pragma once
// Which patch a media type means.
#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/schema/schema.h"

namespace gantry::apiserver {

inline constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";
inline constexpr std::string_view kJsonPatch = "application/json-patch+json";
inline constexpr std::string_view kMergePatch = "application/merge-patch+json";
inline constexpr std::string_view kStrategicMergePatch = "application/strategic-merge-patch+json";

// JSON, merge and strategic merge patches; `type` is the object's, without one no list merges.
// Unsupported, naming the types there are; kInvalid as each kind of patch says.
Status apply_patch(const schema::TypeInfo* type, Json& object, std::string_view media_type,
                   const Json& patch);

}  // namespace gantry::apiserver
