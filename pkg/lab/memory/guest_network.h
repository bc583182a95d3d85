#pragma once
// GuestNetwork: the programs of a router inside a container in memory, as far as Gantry's Appliance
// uses them.
#include <optional>
#include <string>
#include <vector>

#include "pkg/guest/channel.h"
#include "pkg/lab/memory/memory.h"

namespace gantry::lab {

// ip addr, link and route; sysctl of ip_forward; nft -f and list table; dnsmasq --test; host, asked
// of dnsmasq's own tables; caddy validate; curl of Caddy's admin socket, of hosts that it serves,
// and of many addresses at once. A host in `refused_hosts` is what Caddy does not take.
class GuestNetwork {
 public:
  explicit GuestNetwork(GuestSystem& system) : system_(system) {}
  // nullopt: none of these programs.
  std::optional<guest::Exit> run(const std::vector<std::string>& words);

 private:
  using Words = std::vector<std::string>;
  guest::Exit ip(const Words& words);
  guest::Exit sysctl(const Words& words);
  guest::Exit nft(const Words& words);
  guest::Exit host(const Words& words) const;
  guest::Exit curl(const Words& words);
  guest::Exit knock(const Words& words) const;
  guest::Exit take_proxy(const std::string& file);
  bool runs(const std::string& unit) const;
  std::string content(const std::string& path) const;
  // What Caddy would say against it; empty when it takes it.
  std::string refusal(const std::string& config) const;
  // What it serves now: read from its file at each start.
  const std::string& proxy();

  GuestSystem& system_;
};

// What is set at each boot, from files.
void boot_network(GuestSystem& system);

}  // namespace gantry::lab
