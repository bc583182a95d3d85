#include <algorithm>

#include "pkg/store/memory/doors.h"
#include "pkg/store/vmid_choice.h"

namespace gantry::store::memory {
namespace {

Status no_row(VmId vmid, const Uid& uid) {
  return not_found("VMID %d is not reserved for machine %s", vmid.get(), uid.get());
}

}  // namespace

GuestRow* Database::GuestsDoor::live(const ClusterName& cluster, const Uid& uid) {
  for (auto& row : disk_.image.guests)
    if (row.cluster == cluster && row.uid == uid && !row.released_at) return &row;
  return nullptr;
}

GuestRow* Database::GuestsDoor::live(const ClusterName& cluster, VmId vmid) {
  for (auto& row : disk_.image.guests)
    if (row.cluster == cluster && row.vmid == vmid && !row.released_at) return &row;
  return nullptr;
}

GuestRow* Database::GuestsDoor::live(const ClusterName& cluster, VmId vmid, const Uid& uid) {
  auto* row = live(cluster, vmid);
  return row != nullptr && row->uid == uid ? row : nullptr;
}

Result<VmId> Database::GuestsDoor::choose(const ClusterName& cluster, VmidRange range,
                                          const std::vector<VmId>& taken,
                                          Duration quarantine) const {
  VmidUse use;
  use.foreign = numbers(taken);
  const auto now = disk_.clock().now();
  for (const auto& row : disk_.image.guests) {
    if (row.cluster != cluster) continue;
    if (!row.released_at) use.live.insert(row.vmid.get());
    if (row.released_at && now - *row.released_at < quarantine)
      use.quarantined.insert(row.vmid.get());
  }
  return choose_vmid(range, use);
}

int64_t Database::GuestsDoor::next_epoch(const ClusterName& cluster, const Uid& uid) const {
  int64_t epoch = 0;
  for (const auto& row : disk_.image.guests)
    if (row.cluster == cluster && row.uid == uid) epoch = std::max(epoch, row.epoch);
  return epoch + 1;
}

Result<GuestRow> Database::GuestsDoor::do_reserve(GuestRow wanted, VmidRange range,
                                                  const std::vector<VmId>& taken,
                                                  Duration quarantine) {
  GANTRY_TRY(check_fence(disk_, fence_));
  if (const auto* row = live(wanted.cluster, wanted.uid)) return *row;
  GANTRY_TRY_ASSIGN(wanted.vmid, choose(wanted.cluster, range, taken, quarantine));
  wanted.epoch = next_epoch(wanted.cluster, wanted.uid);
  disk_.image.guests.push_back(wanted);
  return wanted;
}

Async<Result<GuestRow>> Database::GuestsDoor::reserve(ClusterName cluster, Uid uid,
                                                      std::string owner, VmidRange range,
                                                      std::vector<VmId> taken,
                                                      Duration quarantine) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("reserve"));
  GuestRow wanted;
  wanted.cluster = cluster;
  wanted.uid = uid;
  wanted.owner = owner;
  auto answer = do_reserve(std::move(wanted), range, taken, quarantine);
  GANTRY_CO_TRY(co_await disk_.leave(fault, "reserve"));
  co_return answer;
}

Status Database::GuestsDoor::do_set_create_task(GuestRow* row, VmId vmid, const Upid& task) {
  if (row->create_task && *row->create_task != task)
    return conflict("VMID %d: create task %s is noted already", vmid.get(),
                    row->create_task->get());
  row->create_task = task;
  return {};
}

Async<Status> Database::GuestsDoor::set_create_task(ClusterName cluster, VmId vmid, Uid uid,
                                                    Upid task) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("set_create_task"));
  GANTRY_CO_TRY(check_fence(disk_, fence_));
  auto* row = live(cluster, vmid, uid);
  const Status noted = row == nullptr ? no_row(vmid, uid) : do_set_create_task(row, vmid, task);
  GANTRY_CO_TRY(co_await disk_.leave(fault, "set_create_task"));
  co_return noted;
}

Async<Result<GuestRow>> Database::GuestsDoor::renumber(ClusterName cluster, Uid uid,
                                                       VmidRange range, std::vector<VmId> taken,
                                                       Duration quarantine) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("renumber"));
  GANTRY_CO_TRY(check_fence(disk_, fence_));
  auto* row = live(cluster, uid);
  if (row == nullptr)
    co_return not_found("machine %s has no VMID in cluster %s", uid.get(), cluster.get());
  GANTRY_CO_TRY_ASSIGN(const VmId vmid, choose(cluster, range, taken, quarantine));
  GuestRow renumbered = *row;
  renumbered.vmid = vmid;
  renumbered.create_task.reset();
  ++renumbered.epoch;
  row->released_at = disk_.clock().now();
  disk_.image.guests.push_back(renumbered);
  GANTRY_CO_TRY(co_await disk_.leave(fault, "renumber"));
  co_return renumbered;
}

Async<Status> Database::GuestsDoor::clear_create_task(ClusterName cluster, VmId vmid, Uid uid) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("clear_create_task"));
  GANTRY_CO_TRY(check_fence(disk_, fence_));
  auto* row = live(cluster, vmid, uid);
  if (row == nullptr) co_return no_row(vmid, uid);
  ++row->epoch;
  row->create_task.reset();
  co_return co_await disk_.leave(fault, "clear_create_task");
}

Async<Status> Database::GuestsDoor::release(ClusterName cluster, VmId vmid, Uid uid) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("release"));
  GANTRY_CO_TRY(check_fence(disk_, fence_));
  if (auto* row = live(cluster, vmid, uid)) row->released_at = disk_.clock().now();
  co_return co_await disk_.leave(fault, "release");
}

Result<GuestRow> Database::GuestsDoor::do_adopt(GuestRow wanted) {
  GANTRY_TRY(check_fence(disk_, fence_));
  const auto* by_vmid = live(wanted.cluster, wanted.vmid);
  const auto* by_uid = live(wanted.cluster, wanted.uid);
  if (by_vmid != nullptr && by_vmid == by_uid) return *by_vmid;
  if (by_vmid != nullptr)
    return already_exists("VMID %d belongs to %s already", wanted.vmid.get(), by_vmid->owner);
  if (by_uid != nullptr)
    return already_exists("%s has VMID %d already", by_uid->owner, by_uid->vmid.get());
  wanted.epoch = next_epoch(wanted.cluster, wanted.uid);
  disk_.image.guests.push_back(wanted);
  return wanted;
}

Async<Result<GuestRow>> Database::GuestsDoor::adopt(ClusterName cluster, VmId vmid, Uid uid,
                                                    std::string owner) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("adopt"));
  GuestRow wanted;
  wanted.cluster = cluster;
  wanted.vmid = vmid;
  wanted.uid = uid;
  wanted.owner = owner;
  auto answer = do_adopt(std::move(wanted));
  GANTRY_CO_TRY(co_await disk_.leave(fault, "adopt"));
  co_return answer;
}

Async<Result<std::optional<GuestRow>>> Database::GuestsDoor::find_by_uid(ClusterName cluster,
                                                                         Uid uid) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("find_by_uid"));
  std::optional<GuestRow> found;
  if (const auto* row = live(cluster, uid)) found = *row;
  GANTRY_CO_TRY(co_await disk_.leave(fault, "find_by_uid"));
  co_return found;
}

Async<Result<std::optional<GuestRow>>> Database::GuestsDoor::find_by_vmid(ClusterName cluster,
                                                                          VmId vmid) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("find_by_vmid"));
  std::optional<GuestRow> found;
  if (const auto* row = live(cluster, vmid)) found = *row;
  GANTRY_CO_TRY(co_await disk_.leave(fault, "find_by_vmid"));
  co_return found;
}

Async<Result<bool>> Database::GuestsDoor::knows(Uid uid) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("knows"));
  bool known = false;
  for (const auto& row : disk_.image.guests) known = known || row.uid == uid;
  GANTRY_CO_TRY(co_await disk_.leave(fault, "knows"));
  co_return known;
}

Async<Result<std::vector<GuestRow>>> Database::GuestsDoor::list(ClusterName cluster) {
  GANTRY_CO_TRY_ASSIGN(const Fault fault, co_await disk_.enter("list"));
  std::vector<GuestRow> rows;
  for (const auto& row : disk_.image.guests)
    if (row.cluster == cluster && !row.released_at) rows.push_back(row);
  std::ranges::sort(rows, {}, &GuestRow::vmid);
  GANTRY_CO_TRY(co_await disk_.leave(fault, "list"));
  co_return rows;
}

}  // namespace gantry::store::memory
