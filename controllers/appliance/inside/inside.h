#pragma once
// Inside: what an Appliance's container does, part by part, each with a probe that asks the
// container itself and a repair.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "api/v1alpha1/appliance.h"
#include "pkg/guest/setup/setup.h"

namespace gantry::controllers::appliance {

// What it shall be.
struct Wanted {
  api::v1alpha1::ApplianceNetwork network;
  std::vector<api::v1alpha1::ApplianceLease> leases;
  std::vector<api::v1alpha1::ApplianceRoute> routes;
};

namespace parts {
inline constexpr const char* kSystem = "system";  // booted, with its packages
inline constexpr const char* kAddress = "address";
inline constexpr const char* kForwarding = "forwarding";
inline constexpr const char* kFilter = "filter";  // NAT among it
inline constexpr const char* kNames = "names";    // dnsmasq: addresses and names
inline constexpr const char* kUpstream = "upstream";
inline constexpr const char* kProxy = "proxy";
inline constexpr const char* kCertificates = "certificates";
inline constexpr const char* kBackends = "backends";  // what stands behind the proxy
}  // namespace parts

// How one part was left: OK, or why it does not do what it shall, with a code of the failure
// catalogue.
struct Finding {
  std::string part;
  Status status;
};
struct Findings {
  std::vector<Finding> all;
  std::vector<std::string> rejected;            // hosts whose fragment the proxy does not take
  std::map<std::string, std::string> refusing;  // by address:port, what keeps the proxy from it
  std::string certificate_authority;            // PEM; empty when it could not be read
  const Finding* find(const std::string& part) const;
  bool ok() const;  // every part but the upstream
};

// A part that fails again and again is left alone for longer each time, up to two minutes.
struct Failing {
  int times = 0;
  Time again_at;  // by the steady clock
  Status status;
};
// What one look leaves to the next.
struct Memory {
  std::string place;  // what it is about: the container and its network's spec, …
  std::string key;    // … and everything that is wanted of it
  // How the container answered the questions of each part while that was well.
  std::map<std::string, std::string> picture;
  Findings findings;
  Time turned_at;  // the last turn through all parts, by the steady clock
  std::map<std::string, Failing> failing;
};
// Probes parts and repairs what is not as it shall be; `report` is told. Asked are those parts only
// that answer otherwise than when they were well, or of which something else is wanted: three
// commands while nothing changes, where a turn through all parts costs forty. It may be stopped
// anywhere and run again. One part that fails keeps no other from its turn, but without a booted
// system with its packages the others are not asked.
// `loaded` is told right after the proxy was seen to have what is wanted, before the parts that
// come after it: who waits for a route need not wait for them.
using Loaded = std::function<void(const Findings& so_far)>;
Async<Findings> look_again(guest::Guest guest, Wanted wanted, guest::Report report, Loaded loaded,
                           Memory& memory);
// To be told before a look what it is about.
void recall(Memory& memory, std::string place, std::string key);
// When to look again, from the end of the last look on: sooner while something is wrong.
Duration pause_after(const Memory& memory, Time ended_at);

}  // namespace gantry::controllers::appliance
