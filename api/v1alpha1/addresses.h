#pragma once
// Fixed addresses: those that a spec gives to a container, instead of DHCP.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/v1alpha1/network.h"
#include "pkg/schema/problem.h"

namespace gantry::api::v1alpha1 {

struct AppSpec;

// The address in "192.0.2.10/24" or "192.0.2.10"; nullopt for "dhcp" and what is no IPv4 address:
// Proxmox takes no other there (ip= and gw= of net[n]).
std::optional<std::string> fixed_address(std::string_view ip);

// Cross-field rules of a list of networks; paths below "networks". No two of them may have one
// address where they are plugged in.
schema::Problems check_networks(const std::vector<Network>& networks);

// A fixed address is one container's: what of an App asks for two at a time, with `networks`, its
// own or its class's. Paths as in the spec.
schema::Problems check_copies(const AppSpec& spec, const std::vector<Network>& networks);

}  // namespace gantry::api::v1alpha1
