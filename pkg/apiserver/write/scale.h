#pragma once
// Scale: how many replicas, in the words that all scalable kinds share (autoscaling/v1).
#include "pkg/base/json.h"
#include "pkg/base/status.h"

namespace gantry::apiserver {

// The Scale of an object with spec.replicas, status.replicas and status.selector.
Json scale_of(const Json& object);
// `object` as a Scale wants it. A resourceVersion in it is a lock; without one whatever is there is
// scaled. kInvalid: "spec.replicas: …".
Result<Json> scaled(Json object, const Json& scale);

}  // namespace gantry::apiserver
