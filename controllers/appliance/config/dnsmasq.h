#pragma once
// The files of an Appliance's dnsmasq: addresses and names.
#include <string>
#include <vector>

#include "api/v1alpha1/appliance.h"

namespace gantry::controllers::appliance::config {

inline constexpr const char* kDnsmasqFile = "/etc/dnsmasq.d/gantry.conf";
inline constexpr const char* kDhcpHostsFile = "/etc/gantry/dhcp-hosts";
inline constexpr const char* kDnsHostsFile = "/etc/gantry/dns-hosts";

// dnsmasq.conf(5). Reads the two files below; a change of this one needs a restart.
std::string dnsmasq_conf(const api::v1alpha1::ApplianceNetwork& network);
// --dhcp-hostsfile: a reservation for each lease that is in use. Read again on SIGHUP.
std::string dhcp_hosts(const std::vector<api::v1alpha1::ApplianceLease>& leases);
// --addn-hosts: NAME.NAMESPACE.domain of each Machine (and so its PTR record), and each host name
// of the proxy under the gateway's address. Read again on SIGHUP.
std::string dns_hosts(const api::v1alpha1::ApplianceNetwork& network,
                      const std::vector<api::v1alpha1::ApplianceLease>& leases,
                      const std::vector<api::v1alpha1::ApplianceRoute>& routes);
// "wiki-0.home.apps.lan"
std::string dns_name(const api::v1alpha1::ApplianceNetwork& network,
                     const api::v1alpha1::ApplianceLease& lease);

}  // namespace gantry::controllers::appliance::config
