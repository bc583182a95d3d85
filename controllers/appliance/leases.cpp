#include "controllers/appliance/leases.h"

#include <algorithm>
#include <map>
#include <set>

#include "pkg/base/ipv4.h"
#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::controllers::appliance {
namespace {

using api::v1alpha1::ApplianceLease;
using IsFixed = std::function<bool(const std::string& address)>;

// The lowest address of the range that nobody has.
std::optional<Ipv4> lowest_free(const api::v1alpha1::AddressRange& range,
                                const std::set<std::string>& taken, const IsFixed& is_fixed) {
  const auto from = parse_ipv4(range.from);
  const auto to = parse_ipv4(range.to);
  if (!from || !to) return std::nullopt;
  for (uint32_t value = from->value; value <= to->value; ++value) {
    const auto address = to_string(Ipv4{value});
    if (!taken.contains(address) && !(is_fixed && is_fixed(address))) return Ipv4{value};
  }
  return std::nullopt;
}

void order_by_address(std::vector<ApplianceLease>& leases) {
  std::ranges::sort(leases, {}, [](const ApplianceLease& lease) {
    return parse_ipv4(lease.address).value_or(Ipv4());
  });
}

}  // namespace

LeaseTable next_leases(const api::v1alpha1::ApplianceSpec& spec, const Uid& appliance,
                       const std::vector<ApplianceLease>& before,
                       const std::vector<Attached>& attached, bool complete, Time now,
                       const IsFixed& is_fixed) {
  std::map<Uid, const Attached*> waiting;
  for (const auto& machine : attached) waiting[machine.uid] = &machine;
  LeaseTable table;
  std::set<std::string> taken;
  for (auto lease : before) {
    const bool is_attached = waiting.erase(lease.uid) > 0;
    if (is_attached) lease.released_at.reset();
    if (!is_attached && complete && !lease.released_at) lease.released_at = now;
    if (lease.released_at) lease.served = false;
    if (lease.released_at && now - *lease.released_at >= kRest) continue;
    taken.insert(lease.address);
    table.leases.push_back(std::move(lease));
  }
  for (const auto& [uid, machine] : waiting) {
    const auto address = lowest_free(spec.network.dhcp.range, taken, is_fixed);
    if (!address) {
      table.without.push_back(*machine);
      continue;
    }
    taken.insert(to_string(*address));
    table.leases.push_back({machine->ns, machine->machine, uid, mac_of(appliance, uid),
                            to_string(*address), false, std::nullopt});
  }
  order_by_address(table.leases);
  return table;
}

std::string mac_of(const Uid& appliance, const Uid& machine) {
  const auto digest = crypto::sha256_hex(appliance.get() + "/" + machine.get());
  // 02: locally administered, no group address. Upper case, as Proxmox writes it.
  std::string mac = "02";
  for (size_t i = 0; i < 10; i += 2) mac += ":" + digest.substr(i, 2);
  std::ranges::transform(mac, mac.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return mac;
}

}  // namespace gantry::controllers::appliance
