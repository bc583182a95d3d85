#pragma once
// Leases: which Machine has which address in an Appliance's network. Pure; the Appliance's status
// is the one table, so that two Machines cannot get the same address.
#include <functional>
#include <string>
#include <vector>

#include "api/v1alpha1/appliance.h"

namespace gantry::controllers::appliance {

// A Machine that is, or wants to be, on the network.
struct Attached {
  std::string ns;
  std::string machine;
  Uid uid;
};

// How long the address of a Machine that is gone is given to nobody else: whoever still has it in
// a cache would reach a stranger.
inline constexpr Duration kRest = std::chrono::hours(24);

struct LeaseTable {
  std::vector<api::v1alpha1::ApplianceLease> leases;  // by address
  std::vector<Attached> without;                      // those for whom no address is left
};

// The next table: who is attached keeps its address for ever, who is new gets the lowest free one
// of the range, who is gone is marked released and forgotten after kRest. `complete` false: some
// Machines could not be read, so nobody is taken for gone. Addresses that moved out of the range
// by an edit of the spec are kept until their Machine goes. `appliance` is its uid. `is_fixed`:
// whether somebody has an address by his own spec; empty: nobody has. O((n + new × range) log n).
LeaseTable next_leases(const api::v1alpha1::ApplianceSpec& spec, const Uid& appliance,
                       const std::vector<api::v1alpha1::ApplianceLease>& before,
                       const std::vector<Attached>& attached, bool complete, Time now,
                       const std::function<bool(const std::string& address)>& is_fixed = {});

// The MAC address of a Machine in the network of an Appliance: a locally administered one from a
// digest of both uids, the same for ever.
std::string mac_of(const Uid& appliance, const Uid& machine);

}  // namespace gantry::controllers::appliance
