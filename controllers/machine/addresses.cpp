#include "controllers/machine/addresses.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machine {
namespace {

constexpr int kCards = 32;  // Proxmox' own limit

// fe80::/10, 169.254.0.0/16.
bool is_link_local(const std::string& address) {
  const auto text = to_lower(address);
  const bool is_v6 = text.size() > 4 && text[0] == 'f' && text[1] == 'e' && text[3] != ':';
  return (is_v6 && std::string_view("89ab").find(text[2]) != std::string_view::npos) ||
         starts_with(text, "169.254.");
}

std::vector<std::string> all_addresses_of(const Guest& guest) {
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

}  // namespace

std::vector<std::string> addresses_of(const Guest& guest) {
  auto addresses = all_addresses_of(guest);
  std::erase_if(addresses, &is_link_local);
  return addresses;
}

std::string link_local_of(const Guest& guest) {
  const auto addresses = all_addresses_of(guest);
  const auto found = std::ranges::find_if(addresses, &is_link_local);
  return found == addresses.end() ? "" : *found;
}

}  // namespace gantry::controllers::machine
