#include "controllers/machine/addresses.h"

#include "pkg/pve/property_string.h"

namespace gantry::controllers::machine {
namespace {

constexpr int kCards = 32;  // Proxmox' own limit

}  // namespace

std::vector<std::string> addresses_of(const Guest& guest) {
  std::vector<std::string> addresses;
  for (int i = 0; i < kCards; ++i) {
    const auto card = guest.config.find("net" + std::to_string(i));
    if (!card) continue;
    const auto properties = pve::PropertyString::parse(*card);
    const auto name = properties.ok() ? properties->get("name") : std::nullopt;
    for (const auto& interface : guest.interfaces) {
      if (interface.name != name) continue;
      addresses.insert(addresses.end(), interface.addresses.begin(), interface.addresses.end());
    }
  }
  return addresses;
}

}  // namespace gantry::controllers::machine
