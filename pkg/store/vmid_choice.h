#pragma once
// Choosing a VMID: the one rule of both drivers of Guests.
#include <set>

#include "pkg/store/guests.h"

namespace gantry::store {

struct VmidUse {
  std::set<int64_t> live;         // rows that are not released
  std::set<int64_t> quarantined;  // released too short a time ago
  std::set<int64_t> foreign;      // what the cluster says is taken
};

// The lowest free id of the range. Overload with the numbers when there is none; Invalid when the
// range is none.
Result<VmId> choose_vmid(const VmidRange& range, const VmidUse& use);

// `taken` as VmidUse::foreign.
std::set<int64_t> numbers(const std::vector<VmId>& ids);

}  // namespace gantry::store
