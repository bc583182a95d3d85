#pragma once
// Attached: who is in an Appliance's network, who names it, and what its proxy serves. Pure, over
// complete lists.
#include <string>
#include <vector>

#include "api/v1alpha1/app.h"
#include "api/v1alpha1/appliance.h"
#include "api/v1alpha1/machine.h"
#include "api/v1alpha1/machineclass.h"
#include "controllers/appliance/leases.h"

namespace gantry::controllers::appliance {

// Everything that may name an Appliance.
struct Everything {
  std::vector<api::v1alpha1::Machine> machines;
  std::vector<api::v1alpha1::App> apps;
  std::vector<api::v1alpha1::MachineClass> classes;
};

// Whether one of the networks of an object in `ns` names the Appliance.
bool names(const std::vector<api::v1alpha1::Network>& networks, const std::string& ns,
           const api::v1alpha1::Appliance& appliance);

// The Machines that are, or want to be, in its network: by their own networks or their class's.
std::vector<Attached> attached_to(const api::v1alpha1::Appliance& appliance,
                                  const Everything& everything);

// Who would miss it: "Machine home/wiki-0", "App home/wiki", "MachineClass lan".
std::vector<std::string> users_of(const api::v1alpha1::Appliance& appliance,
                                  const Everything& everything);

// One route for each host of each App in the network that has one, with those of its containers
// that serve and are ready. A host that two Apps ask for is the older App's; the younger's is left
// out.
std::vector<api::v1alpha1::ApplianceRoute> routes_of(
    const api::v1alpha1::Appliance& appliance,
    const std::vector<api::v1alpha1::ApplianceLease>& leases, const Everything& everything);

// Whether a proxy that has one of them serves the other just so.
bool leads_alike(const api::v1alpha1::ApplianceRoute& a, const api::v1alpha1::ApplianceRoute& b);

}  // namespace gantry::controllers::appliance
