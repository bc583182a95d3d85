#include "controllers/appliance/config/nftables.h"

#include "pkg/base/text.h"

namespace gantry::controllers::appliance::config {

std::string nftables(const api::v1alpha1::ApplianceNetwork& network) {
  std::string text = absl::StrFormat(
      "# Written by gantry; a change is replaced.\n"
      "table ip %1$s\n"
      "delete table ip %1$s\n"
      "table ip %1$s {\n",
      kTable);
  text += absl::StrFormat(
      "  chain input {\n"
      "    type filter hook input priority filter; policy drop;\n"
      "    iifname \"lo\" accept\n"
      "    ct state established,related accept\n"
      "    icmp type echo-request accept\n"
      "    iifname \"%s\" udp dport { 53, 67 } accept\n"
      "    iifname \"%s\" tcp dport 53 accept\n",
      kLan, kLan);
  if (network.proxy) {
    text += network.proxy->tls == api::v1alpha1::ProxyTls::none
                ? absl::StrFormat("    tcp dport %d accept\n", network.proxy->http)
                : absl::StrFormat("    tcp dport { %d, %d } accept\n", network.proxy->http,
                                  network.proxy->https);
  }
  text += absl::StrFormat(
      "  }\n"
      "  chain forward {\n"
      "    type filter hook forward priority filter; policy drop;\n"
      "    ct state established,related accept\n"
      "    iifname \"%s\" oifname \"%s\" ip saddr %s accept\n"
      "  }\n",
      kLan, kUplink, network.cidr);
  if (network.nat) {
    text += absl::StrFormat(
        "  chain postrouting {\n"
        "    type nat hook postrouting priority srcnat; policy accept;\n"
        "    oifname \"%s\" ip saddr %s masquerade\n"
        "  }\n",
        kUplink, network.cidr);
  }
  return text + "}\n";
}

}  // namespace gantry::controllers::appliance::config
