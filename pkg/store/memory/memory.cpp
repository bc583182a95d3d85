#include "pkg/store/memory/memory.h"

#include "pkg/store/memory/doors.h"

namespace gantry::store::memory {

Database::Database(Disk& disk)
    : disk_(disk),
      backend_(std::make_unique<BackendDoor>(disk, fence_)),
      guests_(std::make_unique<GuestsDoor>(disk, fence_)),
      leases_(std::make_unique<LeasesDoor>(disk, fence_)) {}
Database::~Database() = default;

store::Backend& Database::backend() {
  return *backend_;
}
store::Guests& Database::guests() {
  return *guests_;
}
store::Leases& Database::leases() {
  return *leases_;
}
std::string Database::installation() const {
  return disk_.installation();
}

Status check_fence(const Disk& disk, const std::optional<Fence>& fence) {
  if (!fence) return {};
  const auto lease = disk.image.leases.find(fence->name);
  if (lease == disk.image.leases.end() || lease->second.state.epoch == fence->epoch) return {};
  return error(ErrorClass::held, "lease %s: epoch %d is over, %s holds epoch %d; not written",
               fence->name, fence->epoch, lease->second.state.holder, lease->second.state.epoch);
}

}  // namespace gantry::store::memory
