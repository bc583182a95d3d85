#pragma once
// What an earlier process has left half made. Pure.
#include <optional>

#include "controllers/machine/plan.h"
#include "pkg/runtime/events.h"

namespace gantry::controllers::machine {

// For the first look that this process takes at a Machine whose container is begun and was never
// ready (CT-006): at which step it goes on. nullopt for every other, and while nothing can be done.
std::optional<runtime::Happening> resumed(const api::v1alpha1::MachineStatus& before,
                                          const Plan& plan);

}  // namespace gantry::controllers::machine
