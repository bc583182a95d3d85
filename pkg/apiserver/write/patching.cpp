#include "pkg/apiserver/write/patching.h"

#include "pkg/apiserver/patch/json_patch.h"
#include "pkg/apiserver/patch/strategic.h"

namespace gantry::apiserver {

Status apply_patch(const schema::TypeInfo* type, Json& object, std::string_view media_type,
                   const Json& patch) {
  if (media_type == kJsonPatch) return apply_json_patch(object, patch);
  if (media_type == kStrategicMergePatch && type != nullptr)
    return apply_strategic_merge(*type, object, patch);
  if (media_type != kMergePatch && media_type != kStrategicMergePatch)
    return error(ErrorClass::unsupported,
                 "the body of the request was in an unknown format (%s) - accepted media types "
                 "include: application/json-patch+json, application/merge-patch+json, "
                 "application/strategic-merge-patch+json, application/apply-patch+yaml",
                 std::string(media_type));
  if (!patch.is_object()) return invalid("a merge patch must be an object");
  merge_patch(object, patch);
  return {};
}

}  // namespace gantry::apiserver
