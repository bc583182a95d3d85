#include "api/v1alpha1/network.h"

#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

namespace {

Problems check(const Network& network) {
  if (network.ip == "dhcp" && network.gateway) {
    return {{"gateway", Reason::forbidden, "must not be set with ip: dhcp, which brings its own"}};
  }
  return {};
}

}  // namespace

TypeInfo describe(Type<Network>) {
  auto info = object<Network>(
      "Network", "One network interface of a container.",
      {
          field<&Network::name>("name",
                                "Its name inside the container; eth0, eth1, … by position "
                                "when empty.",
                                format::bridge),
          field<&Network::bridge>("bridge", "The node's bridge that it is plugged into.", required,
                                  format::bridge, Example{"vmbr0"}),
          field<&Network::ip>("ip", "dhcp, or an address with its prefix length.",
                              format::cidr_or_dhcp, Example{"192.0.2.10/24"}),
          field<&Network::gateway>("gateway", "The default route's address.", format::ip),
          field<&Network::firewall>("firewall", "Whether Proxmox' firewall filters it."),
          field<&Network::vlan>("vlan", "VLAN tag.", Range{1, 4094}),
          field<&Network::mac>("mac", "MAC address; Proxmox chooses one when absent.", format::mac),
      });
  info = reserved(std::move(info),
                  {{"applianceRef", "Appliances are not served by this version; name a bridge"}});
  return checked<Network, &check>(std::move(info));
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
