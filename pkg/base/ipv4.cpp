#include "pkg/base/ipv4.h"

#include <absl/strings/str_format.h>
#include <arpa/inet.h>

#include "pkg/base/text.h"

namespace gantry {

std::optional<Ipv4> parse_ipv4(std::string_view text) {
  in_addr address{};
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return Ipv4{ntohl(address.s_addr)};
}

std::string to_string(Ipv4 address) {
  return absl::StrFormat("%d.%d.%d.%d", address.value >> 24, address.value >> 16 & 255,
                         address.value >> 8 & 255, address.value & 255);
}

std::optional<Ipv4Network> parse_ipv4_network(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_ipv4(text.substr(0, slash));
  const auto prefix = parse_integer(text.substr(slash + 1));
  if (!address || !prefix || *prefix < 0 || *prefix > 32) return std::nullopt;
  return Ipv4Network{*address, static_cast<int>(*prefix)};
}

std::string netmask(const Ipv4Network& network) {
  return to_string(Ipv4{network.mask()});
}

}  // namespace gantry
