#include "pkg/lab/rehearsal/rehearsal.h"

#include "pkg/base/log.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::lab {

Rehearsal::Rehearsal(Lab& lab, async::Clock& clock, Executor executor)
    : lab_(lab), clock_(clock), group_(std::move(executor)) {}

void Rehearsal::play(const FaultProfile& profile) {
  group_.cancel();
  set_faults(profile, lab_.faults());
  schedule_ = profile.schedule;
  for (const auto& fault : schedule_) {
    group_.spawn("scheduled fault", [this, fault] { return run(fault); });
  }
}

FaultProfile Rehearsal::playing() const {
  auto profile = get_faults(lab_.faults());
  profile.schedule = schedule_;
  return profile;
}

Async<Status> Rehearsal::stop() {
  group_.stop();
  co_return co_await group_.join();
}

Async<Status> Rehearsal::run(ScheduledFault fault) {
  auto next = clock_.now() + fault.at.length;
  while (true) {
    GANTRY_CO_TRY(co_await clock_.sleep_until(next));
    const auto happened = co_await happen(fault);
    if (!happened.ok() && error_class(happened) == ErrorClass::cancelled) co_return happened;
    if (!happened.ok()) {
      log::warn("a scheduled fault cannot happen", {{"error", happened}});
    }
    if (!fault.every) co_return Status();
    next += fault.every->length;
  }
}

Async<Status> Rehearsal::happen(ScheduledFault fault) {
  log::info("scheduled fault", {{"fault", schema::to_json(schema::encode(fault))}});
  GANTRY_CO_TRY(co_await begin(fault));
  if (!fault.lasts) co_return Status();
  const Status slept = co_await clock_.sleep_for(fault.lasts->length);
  const Status ended = co_await end(fault);
  if (!slept.ok()) co_return slept;
  log::info("scheduled fault is over", {{"fault", schema::to_json(schema::encode(fault))}});
  co_return ended;
}

Async<Status> Rehearsal::begin(ScheduledFault fault) {
  if (fault.node_offline) {
    const NodeName node(*fault.node_offline);
    co_return co_await lab_.set_node_online(node, false);
  }
  if (fault.daemon_down) lab_.set_daemon_running(NodeName(*fault.daemon_down), false);
  if (fault.quorum_lost) lab_.set_quorate(!*fault.quorum_lost);
  if (const auto& lost = fault.privilege_lost) {
    lab_.set_privilege_masked(lost->user, lost->privilege, true);
  }
  if (const auto& full = fault.storage_full) {
    lab_.fill_storage(StorageId(full->storage), full->size.bytes());
  }
  if (const auto& lock = fault.lock_guest) co_return lab_.set_lock(VmId(lock->vmid), lock->lock);
  co_return co_await act_on_guest(std::move(fault));
}

Async<Status> Rehearsal::act_on_guest(ScheduledFault fault) {
  if (fault.stop_guest) {
    const VmId vmid(*fault.stop_guest);
    co_return co_await stop_by_api(vmid);
  }
  if (fault.kill_guest) {
    const VmId vmid(*fault.kill_guest);
    co_return co_await lab_.stop_guest(vmid);
  }
  if (fault.destroy_guest) {
    const VmId vmid(*fault.destroy_guest);
    co_return co_await lab_.destroy_guest(vmid);
  }
  if (const auto& move = fault.move_guest) {
    co_return lab_.migrate_guest(VmId(move->vmid), NodeName(move->node));
  }
  co_return Status();
}

Async<Status> Rehearsal::stop_by_api(VmId vmid) {
  const auto guest = lab_.find_guest(vmid);
  if (!guest) co_return not_found("there is no guest %d", vmid.get());
  auto path = absl::StrFormat("/nodes/%s/lxc/%d/status/stop", guest->node.get(), vmid.get());
  const Lab::Arguments none;
  const auto stopped = co_await lab_.as_root(std::string("POST"), std::move(path), none);
  co_return stopped.status();
}

Async<Status> Rehearsal::end(ScheduledFault fault) {
  if (fault.node_offline) {
    const NodeName node(*fault.node_offline);
    co_return co_await lab_.set_node_online(node, true);
  }
  if (fault.daemon_down) lab_.set_daemon_running(NodeName(*fault.daemon_down), true);
  if (fault.quorum_lost) lab_.set_quorate(*fault.quorum_lost);
  if (const auto& lost = fault.privilege_lost) {
    lab_.set_privilege_masked(lost->user, lost->privilege, false);
  }
  if (const auto& full = fault.storage_full) lab_.fill_storage(StorageId(full->storage), 0);
  if (const auto& lock = fault.lock_guest) co_return lab_.set_lock(VmId(lock->vmid), "");
  co_return Status();
}

}  // namespace gantry::lab
