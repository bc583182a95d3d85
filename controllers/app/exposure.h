#pragma once
// Exposure: whether an App is reached under the host names of spec.expose. Pure.
#include <optional>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/appliance.h"

namespace gantry::controllers::app {

// Sets the condition Exposed from what its Appliance says of its routes; removes it when nothing is
// exposed. `appliance` is the one that spec.networks names; absent: it does not exist.
void judge_exposure(api::v1alpha1::App& app,
                    const std::optional<api::v1alpha1::Appliance>& appliance, Time now);

// The Apps ("home", "wiki") that the routes of two versions of an Appliance tell different things
// of.
std::vector<std::pair<std::string, std::string>> apps_with_other_routes(
    const api::v1alpha1::Appliance& before, const api::v1alpha1::Appliance& after);

}  // namespace gantry::controllers::app
