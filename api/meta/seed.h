#pragma once
// What a new object says about itself before its controller has looked at it.
#include "api/meta/kind.h"
#include "pkg/base/json.h"
#include "pkg/base/time.h"

namespace gantry::api::meta {

// For kinds with conditions: observedGeneration 0 and Ready=Unknown, so that `kubectl wait`,
// kstatus (Flux, helm) and Argo CD take the object for one in progress from its first second; an
// object without a status would count as done. Namespaces are Active. Other kinds stay as they are.
void seed_status(const Kind& kind, Json& object, Time now);

}  // namespace gantry::api::meta
