#pragma once
// The vanish guard: when many of our guests are gone at once, believe in a mistake first. Pure.
#include <vector>

#include "pkg/inventory/completeness.h"

namespace gantry::inventory {

// Counts the guests of `owned` that should be there and that `snapshot` does not list, or lists as
// somebody else's (a virtual machine, or the tag of another uid). Trips at more than 5 and more
// than 20 %.
VanishGuard vanished(const Snapshot& snapshot, const std::vector<OwnedGuest>& owned);

}  // namespace gantry::inventory
