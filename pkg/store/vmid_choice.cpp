#include "pkg/store/vmid_choice.h"

#include <algorithm>

namespace gantry::store {

Result<VmId> choose_vmid(const VmidRange& range, const VmidUse& use) {
  if (range.first <= 0 || range.last < range.first)
    return invalid("VMID range %d-%d is empty", range.first, range.last);
  const auto in_range = [&](const std::set<int64_t>& ids) {
    return std::distance(ids.lower_bound(range.first), ids.upper_bound(range.last));
  };
  for (int64_t id = range.first; id <= range.last; ++id)
    if (!use.live.contains(id) && !use.quarantined.contains(id) && !use.foreign.contains(id))
      return VmId(id);
  return error(
      ErrorClass::overload,
      "no free VMID in %d-%d: %d reserved by us, %d in quarantine, %d seen in the cluster; "
      "widen spec.vmidRange or delete machines",
      range.first, range.last, in_range(use.live), in_range(use.quarantined),
      in_range(use.foreign));
}

std::set<int64_t> numbers(const std::vector<VmId>& ids) {
  std::set<int64_t> found;
  for (const auto& id : ids) found.insert(id.get());
  return found;
}

}  // namespace gantry::store
