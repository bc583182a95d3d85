#pragma once
// Pressure: a container that has used up its cores for long. Only told: limits are its class's.
// Pure.
#include <optional>

#include "api/v1alpha1/machine.h"
#include "api/v1alpha1/machineclass.h"
#include "pkg/pve/types.h"

namespace gantry::controllers::machine {

// For so long, at every look, before it is told.
inline constexpr Duration kSaturatedFor = std::chrono::minutes(10);

// Since when it has used nine tenths of what it may, as it is seen now; absent: it does not.
// `before` is the answer of the last look, absent after a restart: then the condition is what is
// remembered.
std::optional<Time> saturated_since(std::optional<Time> before,
                                    const api::v1alpha1::Machine& machine,
                                    const api::v1alpha1::MachineClass& shape,
                                    const pve::GuestStatus& status, Time now);

// Sets the condition ResourcePressure (CT-012), or removes it.
void show_pressure(api::v1alpha1::Machine& machine, const api::v1alpha1::MachineClass& shape,
                   std::optional<Time> since, Time now);

}  // namespace gantry::controllers::machine
