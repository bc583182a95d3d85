#include "pkg/store/memory/doors.h"

namespace gantry::store::memory {

Result<LeaseState> Database::LeasesDoor::do_acquire(const std::string& name,
                                                    const std::string& holder, Duration ttl) {
  const auto now = disk_.clock().now();
  auto& lease = disk_.image.leases[name];
  auto& state = lease.state;
  const bool free = state.holder.empty() || lease.expires_at <= now;
  if (state.holder != holder && !free)
    return error(ErrorClass::held, "lease %s is held by %s (epoch %d, renewed %s ago)", name,
                 state.holder, state.epoch, human_duration(now - state.renewed_at));
  if (state.holder != holder) ++state.epoch;
  state.name = name;
  state.holder = holder;
  state.renewed_at = now;
  lease.expires_at = now + ttl;
  return state;
}

Async<Result<LeaseState>> Database::LeasesDoor::acquire(std::string name, std::string holder,
                                                        Duration ttl) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("lease acquire"));
  auto answer = do_acquire(name, holder, ttl);
  GANTRY_CO_TRY(co_await disk_.leave(fault, "lease acquire"));
  co_return answer;
}

Async<Status> Database::LeasesDoor::release(std::string name, std::string holder) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("lease release"));
  const auto lease = disk_.image.leases.find(name);
  if (lease != disk_.image.leases.end() && lease->second.state.holder == holder)
    lease->second.state.holder.clear();
  co_return co_await disk_.leave(fault, "lease release");
}

void Database::LeasesDoor::fence(std::string name, int64_t epoch) {
  fence_.reset();
  if (!name.empty()) fence_ = Fence{std::move(name), epoch};
}

}  // namespace gantry::store::memory
