#pragma once
// Where people reach a container's App.
#include <optional>
#include <string>
#include <vector>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/appliance.h"
#include "api/v1alpha1/machine.h"
#include "pkg/store/store.h"

namespace gantry::controllers::app {

// Whether one of its networks is an Appliance's.
bool is_behind_appliance(const api::v1alpha1::AppSpec& spec);

// The first Appliance that its networks name, when it is there.
std::optional<api::v1alpha1::Appliance> appliance_of(const api::v1alpha1::App& app,
                                                     const store::Store& store);

// All Appliances that its networks name and that are there.
std::vector<api::v1alpha1::Appliance> appliances_of(const api::v1alpha1::App& app,
                                                    const store::Store& store);

// The first host name that its Appliance's proxy serves; without one the container's own address.
// A container that went on the uplink instead is not behind the proxy. Empty: it has no address
// yet, or no port.
std::string url_of(const api::v1alpha1::App& app, const api::v1alpha1::Machine& machine,
                   const std::optional<api::v1alpha1::Appliance>& appliance);

}  // namespace gantry::controllers::app
