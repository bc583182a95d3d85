#pragma once
// What users of the simulation write: one cluster "home", one class "small", Machines of it.
#include <functional>
#include <string>

#include "api/v1alpha1/machineclass.h"
#include "api/v1alpha1/proxmoxcluster.h"
#include "pkg/lab/lab.h"
#include "pkg/schema/json.h"

namespace gantry::sim {

// In mode Enforce, with VMIDs 20000 to 20049. `edit` may be empty.
Json cluster_object(const std::function<void(api::v1alpha1::ProxmoxClusterSpec& spec)>& edit);
// Containers that a person stopped stay so for ten minutes. `edit` may be empty.
Json class_object(const std::function<void(api::v1alpha1::MachineClassSpec& spec)>& edit);
// The token that the cluster's credentials name.
Json secret_object(const lab::Token& token);
// In namespace "default", of class "small".
Json machine_object(const std::string& name);

}  // namespace gantry::sim
