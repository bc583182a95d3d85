#include "controllers/appliance/config/dnsmasq.h"

#include "controllers/appliance/config/nftables.h"
#include "pkg/base/ipv4.h"
#include "pkg/base/text.h"

namespace gantry::controllers::appliance::config {

using api::v1alpha1::ApplianceLease;
using api::v1alpha1::ApplianceNetwork;
using api::v1alpha1::ApplianceRoute;

std::string dnsmasq_conf(const ApplianceNetwork& network) {
  const auto subnet = parse_ipv4_network(network.cidr).value_or(Ipv4Network());
  std::string text = absl::StrFormat(
      "# Written by gantry; a change is replaced.\n"
      "interface=%s\n"
      "bind-dynamic\n"
      "no-hosts\n"
      "addn-hosts=%s\n"
      "domain-needed\n"
      "bogus-priv\n"
      "domain=%s\n"
      "local=/%s/\n"
      "dhcp-authoritative\n"
      "dhcp-ignore-names\n"           // no guest names itself: names are ours
      "dhcp-range=%s,static,%s,%d\n"  // who has no reservation gets no address
      "dhcp-hostsfile=%s\n"
      "dhcp-option=option:router,%s\n"
      "dhcp-option=option:dns-server,%s\n",
      kLan, kDnsHostsFile, network.dns.domain, network.dns.domain, network.dhcp.range.from,
      netmask(subnet), network.dhcp.lease.count(), kDhcpHostsFile, network.gateway,
      network.gateway);
  if (!network.dns.forwarders.empty()) text += "no-resolv\n";
  for (const auto& server : network.dns.forwarders) text += "server=" + server + "\n";
  return text;
}

std::string dhcp_hosts(const std::vector<ApplianceLease>& leases) {
  std::string text;
  for (const auto& lease : leases)
    if (!lease.released_at) text += lease.mac + "," + lease.address + "\n";
  return text;
}

std::string dns_hosts(const ApplianceNetwork& network, const std::vector<ApplianceLease>& leases,
                      const std::vector<ApplianceRoute>& routes) {
  std::string text = network.gateway + " gateway." + network.dns.domain + "\n";
  for (const auto& lease : leases)
    if (!lease.released_at) text += lease.address + " " + dns_name(network, lease) + "\n";
  for (const auto& route : routes) text += network.gateway + " " + route.host + "\n";
  return text;
}

std::string dns_name(const ApplianceNetwork& network, const ApplianceLease& lease) {
  return lease.machine + "." + lease.ns + "." + network.dns.domain;
}

}  // namespace gantry::controllers::appliance::config
