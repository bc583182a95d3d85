#include "pkg/inventory/vanish.h"

#include "pkg/pve/mark.h"

namespace gantry::inventory {
namespace {

constexpr size_t kCountMax = 5;
constexpr size_t kPercentMax = 20;

bool is_foreign(const pve::GuestRow& row, const Uid& uid) {
  if (row.type != pve::GuestType::lxc) return true;
  const auto tag = pve::find_tag(row.tags);
  return tag.has_value() && pve::to_tag(*tag) != pve::to_tag(uid);
}

}  // namespace

VanishGuard vanished(const Snapshot& snapshot, const std::vector<OwnedGuest>& owned) {
  VanishGuard guard;
  for (const auto& guest : owned) {
    if (!guest.should_be_there()) continue;
    ++guard.owned;
    const auto row = snapshot.guests.find(guest.vmid);
    if (row == snapshot.guests.end() || is_foreign(row->second, guest.uid)) ++guard.vanished;
  }
  guard.tripped = guard.vanished > kCountMax && guard.vanished * 100 > guard.owned * kPercentMax;
  return guard;
}

}  // namespace gantry::inventory
