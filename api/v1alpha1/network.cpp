#include "api/v1alpha1/network.h"

#include "api/v1alpha1/addresses.h"
#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

namespace {

Problems check(const Network& network) {
  Problems problems;
  if (network.ip == "dhcp" && network.gateway) {
    problems.push_back(
        {"gateway", Reason::forbidden, "must not be set with ip: dhcp, which brings its own"});
  }
  const auto address = fixed_address(network.ip);
  if (address && network.gateway && fixed_address(*network.gateway) == address) {
    problems.push_back({"gateway", Reason::invalid, "must be another address than ip"});
  }
  if (network.fallback != NetworkFallback::none && !network.appliance_ref) {
    problems.push_back({"fallback", Reason::forbidden, "belongs to applianceRef"});
  }
  if (network.bridge.empty() == !network.appliance_ref.has_value()) {
    problems.push_back({"", Reason::required, "must have one of bridge, applianceRef"});
  }
  // Its lease says all of this.
  if (network.appliance_ref && (network.ip != "dhcp" || network.mac || network.vlan)) {
    problems.push_back({"applianceRef", Reason::forbidden,
                        "must stand without ip, mac and vlan: the Appliance chooses them"});
  }
  return problems;
}

}  // namespace

TypeInfo describe(Type<NetworkFallback>) {
  return enumeration<NetworkFallback>(
      "NetworkFallback",
      "What to do while the Appliance cannot be built. None: wait. Uplink: go on its uplink's "
      "bridge, and say so.",
      {"None", "Uplink"});
}

TypeInfo describe(Type<Network>) {
  return checked<Network, &check>(object<Network>(
      "Network", "One network interface of a container.",
      {
          field<&Network::name>("name",
                                "Its name inside the container; eth0, eth1, … by position "
                                "when empty.",
                                format::bridge),
          field<&Network::bridge>("bridge", "The node's bridge that it is plugged into.",
                                  format::bridge, Example{"vmbr0"}),
          field<&Network::appliance_ref>(
              "applianceRef",
              "The Appliance whose network it is on: it chooses bridge and address."),
          field<&Network::fallback>("fallback", "What to do without the Appliance."),
          field<&Network::ip>("ip",
                              "dhcp, or an address with its prefix length, which one container of "
                              "the cluster has on this bridge and VLAN: another is refused.",
                              format::ipv4_or_dhcp, Example{"192.0.2.10/24"}),
          field<&Network::gateway>("gateway", "The default route's address.", format::ipv4),
          field<&Network::firewall>("firewall", "Whether Proxmox' firewall filters it."),
          field<&Network::vlan>("vlan", "VLAN tag.", Range{1, 4094}),
          field<&Network::mac>("mac", "MAC address; Proxmox chooses one when absent.", format::mac),
      }));
}

TypeInfo describe(Type<Dns>) {
  return object<Dns>(
      "Dns", "Name resolution inside a container.",
      {
          field<&Dns::servers>("servers", "Addresses of name servers.", format::ip, Items{0, 3}),
          field<&Dns::domain>("domain", "Search domain.", format::dns_subdomain),
      });
}

}  // namespace gantry::api::v1alpha1
