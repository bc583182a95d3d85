#pragma once
// What a Machine says about itself: ledger, conditions and events, from observation and plan. Pure.
#include <vector>

#include "controllers/machine/plan.h"
#include "pkg/runtime/events.h"

namespace gantry::controllers::machine {

// Before the plan: brings the ledger in line with what is seen (tasks that ended, a container that
// runs), so that the plan decides on it.
void reflect(api::v1alpha1::Machine& machine, const Observation& world);

// After the plan, and after its action: what people read. `failed` is the action's own error.
void show(api::v1alpha1::Machine& machine, const Plan& plan, const Observation& world);

// What has happened between two versions of a status, for `describe`.
std::vector<runtime::Happening> happenings(const api::v1alpha1::Machine& before,
                                           const api::v1alpha1::Machine& after);

}  // namespace gantry::controllers::machine
