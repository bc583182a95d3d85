#pragma once
// Pressure: what an App's Machines say of resources that are used up. Pure.
#include <vector>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/machine.h"

namespace gantry::controllers::app {

// Sets the condition ResourcePressure as the first of its Machines that has it says, or removes it.
void judge_pressure(api::v1alpha1::App& app, const std::vector<api::v1alpha1::Machine>& owned,
                    Time now);

}  // namespace gantry::controllers::app
