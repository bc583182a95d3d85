#pragma once
// report: what a ProxmoxCluster says about itself, from what is observed of it. Pure.
#include <string>
#include <vector>

#include "api/v1alpha1/proxmoxcluster.h"
#include "controllers/proxmoxcluster/connector.h"
#include "controllers/proxmoxcluster/watched_channel.h"
#include "pkg/inventory/completeness.h"
#include "pkg/inventory/inventory.h"
#include "pkg/store/guests.h"

namespace gantry::controllers::proxmoxcluster {

inline constexpr const char* kRebind = "gantry.dev/rebind";

struct Sight {
  Time now;
  // Why there is no connection; then nothing below counts.
  Status connection;
  std::shared_ptr<const inventory::Snapshot> current;
  std::shared_ptr<const inventory::Snapshot> last_good;  // null: none yet
  inventory::VanishGuard vanish_guard;
  std::vector<EndpointSight> endpoints;
  std::optional<Duration> read_p95;     // how long 19 of 20 answers take at most
  std::optional<ChannelSight> channel;  // absent: the spec has none
  std::vector<store::GuestRow> rows;
  int held = 0;  // Machines with the condition Held
};

// Conditions: Ready, Reachable, Authenticated, Authorized, Quorate, InventoryComplete, Supported,
// CommandChannel, Hold (vanish guard), Reconciling, Stalled. The last known values stay, with their
// age.
void report(api::v1alpha1::ProxmoxCluster& cluster, const Sight& sight);

// Which cluster that has been, by its status; a restart must not take another for it. Absent while
// none was seen, and with the annotation gantry.dev/rebind, by which a person says that it is
// meant.
std::optional<inventory::ClusterIdentity> known_identity(
    const api::v1alpha1::ProxmoxCluster& cluster);

// Whether `after` is worth writing: something has changed that does not always change, or free
// space or memory by more than 1 %, or the numbers are a minute old.
bool is_news(const api::v1alpha1::ProxmoxClusterStatus& before,
             const api::v1alpha1::ProxmoxClusterStatus& after);

}  // namespace gantry::controllers::proxmoxcluster
