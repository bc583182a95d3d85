#include "api/v1alpha1/addresses.h"

#include <map>
#include <tuple>

#include "api/v1alpha1/app.h"
#include "pkg/base/ipv4.h"
#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {

using schema::Problems;
using schema::Reason;

std::optional<std::string> fixed_address(std::string_view ip) {
  const std::string text(ip.substr(0, ip.find('/')));
  if (!parse_ipv4(text)) return std::nullopt;
  return text;
}

Problems check_networks(const std::vector<Network>& networks) {
  Problems problems;
  std::map<std::tuple<std::string, int, std::string>, size_t> seen;
  for (size_t i = 0; i < networks.size(); ++i) {
    const auto& network = networks[i];
    const auto address = fixed_address(network.ip);
    if (!address) continue;
    const auto [first, fresh] =
        seen.try_emplace({network.bridge, network.vlan.value_or(0), *address}, i);
    if (fresh) continue;
    problems.push_back({absl::StrFormat("networks[%d].ip", i), Reason::duplicate,
                        absl::StrFormat("is the address of networks[%d] already", first->second)});
  }
  return problems;
}

Problems check_copies(const AppSpec& spec, const std::vector<Network>& networks) {
  std::string address;
  for (const auto& network : networks)
    if (address.empty()) address = fixed_address(network.ip).value_or("");
  if (address.empty()) return {};
  Problems problems;
  if (spec.replicas > 1)
    problems.push_back({"replicas", Reason::invalid,
                        absl::StrFormat("must be 0 or 1, not %d: a network gives each container "
                                        "the address %s; use ip: dhcp, or an App for each address",
                                        spec.replicas, address)});
  if (spec.update && spec.update->strategy == UpdateStrategy::blue_green)
    problems.push_back({"update.strategy", Reason::invalid,
                        absl::StrFormat("must not be BlueGreen, which needs an address for each of "
                                        "two containers beside each other, and a network gives "
                                        "both %s; use Recreate, or ip: dhcp",
                                        address)});
  return problems;
}

}  // namespace gantry::api::v1alpha1
