#pragma once
// PrivateNetwork: a bridge of the lab's own with DHCP and names, and no way out.
#include <string>

#include "pkg/lab/lxc/instance.h"
#include "pkg/lab/lxc/process.h"

namespace gantry::lab::lxc {

// "10.213.7": a /24 by its first three numbers.
struct Subnet {
  std::string prefix;
  std::string host() const { return prefix + ".1"; }  // this machine on the bridge
  std::string cidr() const { return prefix + ".0/24"; }
};

// A /24 of 10/8 that no address or route of this machine (`ip -4 route` and `ip -4 addr` output)
// overlaps; `seed` chooses where to begin. Overload when every one is taken.
Result<Subnet> choose_subnet(const std::string& routes, const std::string& addresses,
                             const std::string& seed);

// Owns the bridge and dnsmasq; destroying it removes both. Calls block. Not thread-safe.
//
// Containers reach this machine by `subnet().host()` and each other, nothing else: there is no NAT,
// and dnsmasq asks no other name server.
class PrivateNetwork {
 public:
  // Takes up the bridge and leases that an earlier run with the same folder left, if any.
  static Result<PrivateNetwork> start(const Instance& instance);
  PrivateNetwork(PrivateNetwork&& other) noexcept;
  PrivateNetwork& operator=(PrivateNetwork&&) = delete;
  ~PrivateNetwork();

  const std::string& bridge() const { return bridge_; }
  const Subnet& subnet() const { return subnet_; }
  bool is_running() const { return dnsmasq_.is_running(); }
  // Ends dnsmasq and removes the bridge; a second call does nothing.
  void stop();

 private:
  PrivateNetwork(std::string bridge, Subnet subnet)
      : bridge_(std::move(bridge)), subnet_(std::move(subnet)) {}
  Status start_dnsmasq(const Instance& instance);

  std::string bridge_;
  Subnet subnet_;
  Daemon dnsmasq_;
};

// Removes what a killed lab left of its network.
void remove_network(const Instance& instance);

}  // namespace gantry::lab::lxc
