#pragma once
// IPv4 addresses as numbers, and the networks that they are in.
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry {

struct Ipv4 {
  uint32_t value = 0;  // 192.0.2.1 is 0xC0000201
  auto operator<=>(const Ipv4&) const = default;
};
// nullopt for anything but four decimal numbers with dots.
std::optional<Ipv4> parse_ipv4(std::string_view text);
std::string to_string(Ipv4 address);

// An address and how many of its bits name the network.
struct Ipv4Network {
  Ipv4 address;
  int prefix = 32;

  uint32_t mask() const { return prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix); }
  Ipv4 first() const { return {address.value & mask()}; }  // the network's own address
  Ipv4 last() const { return {first().value | ~mask()}; }  // its broadcast address
  bool contains(Ipv4 other) const { return (other.value & mask()) == first().value; }
  // An address that a host may have: neither the first nor the last.
  bool has_host(Ipv4 other) const { return contains(other) && first() < other && other < last(); }
  bool overlaps(const Ipv4Network& other) const {
    return contains(other.first()) || other.contains(first());
  }
};
// "192.0.2.0/24"; nullopt for anything else.
std::optional<Ipv4Network> parse_ipv4_network(std::string_view text);
// "255.255.255.0"
std::string netmask(const Ipv4Network& network);

}  // namespace gantry
