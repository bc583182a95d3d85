#include "controllers/proxmoxcluster/ownership.h"

namespace gantry::controllers::proxmoxcluster {
namespace {

bool was_created(const Json& machine) {
  const auto* steps = machine.find_path({"status", "steps"});
  if (steps == nullptr || !steps->is_array()) return false;
  for (const auto& step : steps->as_array()) {
    if (step.string_or("name", "") == "create") return step.string_or("state", "") == "Done";
  }
  return false;
}

bool is_deleting(const Json& machine) {
  return machine.find_path({"metadata", "deletionTimestamp"}) != nullptr;
}

}  // namespace

store::ObjectPtr machine_of(const store::Store& store, const store::GuestRow& row) {
  const auto slash = row.owner.find('/');
  if (slash == std::string::npos) return nullptr;
  const auto object =
      store.get({"machines.gantry.dev", row.owner.substr(0, slash), row.owner.substr(slash + 1)});
  if (!object.ok() || (*object)->uid != row.uid) return nullptr;
  return *object;
}

Async<Result<std::optional<pve::OwnedGuest>>> RowOwnership::find(ClusterName cluster, VmId vmid) {
  auto row = co_await guests_.find_by_vmid(cluster, vmid);
  if (!row.ok()) co_return row.status();
  std::optional<pve::OwnedGuest> owned;
  if (row->has_value() && !(*row)->released_at.has_value()) {
    owned = pve::OwnedGuest{(*row)->cluster, (*row)->vmid, (*row)->uid, (*row)->epoch,
                            (*row)->create_task};
  }
  co_return owned;
}

Async<Result<std::vector<inventory::OwnedGuest>>> RowOwnedGuests::list() {
  auto rows = co_await guests_.list(cluster_);
  if (!rows.ok()) co_return rows.status();
  std::vector<inventory::OwnedGuest> owned;
  for (const auto& row : *rows) {
    inventory::OwnedGuest guest;
    guest.vmid = row.vmid;
    guest.uid = row.uid;
    guest.create_task = row.create_task;
    const auto machine = machine_of(store_, row);
    guest.leaving = machine == nullptr || is_deleting(machine->value);
    guest.established = machine != nullptr && was_created(machine->value);
    owned.push_back(std::move(guest));
  }
  co_return owned;
}

Async<Result<bool>> RowOwnedGuests::knows(Uid uid) {
  co_return co_await guests_.knows(std::move(uid));
}

}  // namespace gantry::controllers::proxmoxcluster
