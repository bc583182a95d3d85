#pragma once
// How a container is connected: shared by MachineClass and App.
#include <optional>
#include <string>
#include <vector>

#include "api/meta/types.h"
#include "pkg/schema/schema.h"

namespace gantry::api::v1alpha1 {

enum class NetworkFallback { none, uplink };
struct Network {
  std::string name;    // inside the container; empty: eth0, eth1, … by position
  std::string bridge;  // one of bridge and appliance_ref
  std::optional<meta::NamespacedReference> appliance_ref;
  NetworkFallback fallback = NetworkFallback::none;
  std::string ip = "dhcp";  // "dhcp" or address/prefix
  std::optional<std::string> gateway;
  bool firewall = true;
  std::optional<int> vlan;
  std::optional<std::string> mac;
};
struct Dns {
  std::vector<std::string> servers;
  std::string domain;
};

schema::TypeInfo describe(schema::Type<NetworkFallback>);
schema::TypeInfo describe(schema::Type<Network>);
schema::TypeInfo describe(schema::Type<Dns>);

}  // namespace gantry::api::v1alpha1
