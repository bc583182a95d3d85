#pragma once
// The gate before every write to a cluster. Pure.
#include "api/v1alpha1/proxmoxcluster.h"
#include "pkg/inventory/inventory.h"

namespace gantry::controllers::proxmoxcluster {

struct GateInputs {
  api::v1alpha1::ClusterMode mode = api::v1alpha1::ClusterMode::observe;
  bool leading = false;
  Duration poll = std::chrono::seconds(5);
  Time now;  // by the steady clock
};

// OK, or Held with its reason in front and its code: ObserveMode, NotLeading, NotObserved,
// StaleInventory, VanishGuard, or what makes the last cycle untrustworthy.
Status judge_gate(const GateInputs& inputs, const inventory::Snapshot& snapshot,
                  const inventory::VanishGuard& guard);

}  // namespace gantry::controllers::proxmoxcluster
