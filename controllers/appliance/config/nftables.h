#pragma once
// The packet filter of an Appliance, as `nft -f` reads it.
#include <string>

#include "api/v1alpha1/appliance.h"

namespace gantry::controllers::appliance::config {

// Names of the interfaces inside the container.
inline constexpr const char* kUplink = "eth0";
inline constexpr const char* kLan = "eth1";
// Our own tables: whatever else is in the container's ruleset is left alone.
inline constexpr const char* kTable = "gantry";

// Replaces the whole table in one transaction, whether it was there or not (nft(8): a table that is
// added, deleted and added again). Guests may go out, nobody may come in but to the proxy; names
// and addresses are served to the network only.
std::string nftables(const api::v1alpha1::ApplianceNetwork& network);

}  // namespace gantry::controllers::appliance::config
