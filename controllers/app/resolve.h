#pragma once
// resolve_workload: from what an App says to what its containers shall hold.
#include "api/v1alpha1/app.h"
#include "controllers/app/bootstrap/workload.h"
#include "pkg/store/store.h"

namespace gantry::controllers::app {

// Follows secretKeyRef and configMapKeyRef in the App's namespace. kInvalid names the field and
// what is missing; a person must add it.
Result<ResolvedWorkload> resolve_workload(const api::v1alpha1::App& app, const store::Store& store);

}  // namespace gantry::controllers::app
