#pragma once
// Exposure: whether an App is reached under the host names of spec.expose. Pure.
#include <optional>
#include <set>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/appliance.h"

namespace gantry::controllers::app {

// Sets the condition Exposed from what its Appliance says of its routes; removes it when nothing is
// exposed. `appliance` is the one that spec.networks names; absent: it does not exist. `loopback`:
// the ports that only its containers themselves reach; absent: they were not asked.
void judge_exposure(api::v1alpha1::App& app,
                    const std::optional<api::v1alpha1::Appliance>& appliance,
                    const std::optional<std::set<int>>& loopback, Time now);

// Whether the proxy cannot connect to a container that is well by its own word: what listens there
// is worth a look.
bool is_refused(const api::v1alpha1::App& app);

// The Apps ("home", "wiki") that the routes of two versions of an Appliance tell different things
// of.
std::vector<std::pair<std::string, std::string>> apps_with_other_routes(
    const api::v1alpha1::Appliance& before, const api::v1alpha1::Appliance& after);

}  // namespace gantry::controllers::app
