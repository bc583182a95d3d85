#pragma once
// What users of the simulation write: one cluster "home", the class "small", and "golden" whose
// containers are clones, Machines of them, and Apps that serve one page.
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
// The class "golden": like "small", but cloned from the container template "golden-debian"; with
// what only root@pam may set, if `keyctl`.
Json golden_class_object(bool keyctl);
// The Machine, in namespace "gantry-system", on which that is tried.
inline constexpr const char* kProbeMachine = "golden-flag-probe";
// A Secret or ConfigMap without values, in namespace "default".
Json values_object(const std::string& kind, const std::string& name);
// In namespace "default", of class "small".
Json machine_object(const std::string& name);
// In namespace "default": a service with one page.
Json app_object(const std::string& name, int replicas, const std::string& page);
// Attaches a Machine or an App to "lan".
void attach(Json& spec);
// The Machine of "lan".
inline constexpr const char* kApplianceMachine = "lan-appliance";
// "lan" in namespace "default", of class "small": a network with DHCP, names, NAT and a proxy.
Json appliance_object();
// Where its page is.
inline constexpr const char* kPagePath = "/var/www/html/index.html";
// A page that no probe likes, or such a tag: a version that does not come up.
bool is_bad(const std::string& page);
// What compose projects run: this and a tag.
inline constexpr const char* kImage = "wiki:";
inline constexpr const char* kService = "web";
// A project of that one service.
std::string compose_text(const std::string& tag);
// Where Apps with data have their volume, and a file in it that whoever looks at the world has left
// there.
inline constexpr const char* kDataPath = "/srv/data";
inline constexpr const char* kKeptPath = "/srv/data/kept";
// What the lab's package "hello" brings.
inline constexpr const char* kUnit = "hello.service";

}  // namespace gantry::sim
