#pragma once
// Proof of absence: design rule 1. Pure.
#include <deque>
#include <optional>
#include <set>
#include <string>

#include "pkg/inventory/inventory.h"

namespace gantry::inventory {

// What one cycle bears witness to.
struct Witness {
  Time at;
  bool trustworthy = false;
  std::string problem;       // why not
  std::set<VmId> listed;     // guests
  std::set<VmId> busy;       // guests that a running task names
  std::set<NodeName> asked;  // nodes whose running tasks were read
};

struct PresenceAnswer {
  Presence presence = Presence::unknown;
  std::string reason;
};

// Between the two cycles that agree on an absence: /cluster/resources may be 10 s behind.
inline constexpr Duration kAbsenceSpan = std::chrono::seconds(20);

// `witnesses` oldest first. Present when the newest lists the guest. Absent when the newest is
// trustworthy, an older trustworthy one is at least kAbsenceSpan earlier, and none from that one on
// lists the guest or has a running task that names it. `create_node`: where our create task of the
// guest ran, if there was one; unless every one of those cycles has asked that node for its tasks,
// the create may be running unseen.
PresenceAnswer presence_of(const std::deque<Witness>& witnesses, VmId vmid,
                           const std::optional<NodeName>& create_node);

// Drops witnesses that no answer depends on any more.
void forget_old(std::deque<Witness>& witnesses);

}  // namespace gantry::inventory
