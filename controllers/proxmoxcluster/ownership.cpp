#include "controllers/proxmoxcluster/ownership.h"

#include "pkg/store/reader.h"

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

std::optional<store::Key> key_of(const store::GuestRow& row) {
  const auto slash = row.owner.find('/');
  if (slash == std::string::npos) return std::nullopt;
  return store::Key{"machines.gantry.dev", row.owner.substr(0, slash), row.owner.substr(slash + 1)};
}

}  // namespace

store::ObjectPtr machine_of(const store::Store& store, const store::GuestRow& row) {
  const auto key = key_of(row);
  if (!key.has_value()) return nullptr;
  const auto object = store.get(*key);
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
  std::map<Uid, Said> said;
  for (const auto& row : *rows) {
    inventory::OwnedGuest guest;
    guest.vmid = row.vmid;
    guest.uid = row.uid;
    guest.create_task = row.create_task;
    const auto& says = said[row.uid] = what_is_said(row);
    guest.leaving = says.leaving;
    guest.established = says.established;
    owned.push_back(std::move(guest));
  }
  said_ = std::move(said);
  co_return owned;
}

RowOwnedGuests::Said RowOwnedGuests::what_is_said(const store::GuestRow& row) {
  Said says;
  const auto key = key_of(row);
  const auto record = key.has_value() ? store_.reader().find(*key) : nullptr;
  if (record == nullptr || record->uid != row.uid) return says;
  const auto before = said_.find(row.uid);
  if (before != said_.end() && before->second.record == record) return before->second;
  const auto machine = store_.get(*key);
  if (!machine.ok()) return says;
  says.record = record;
  says.leaving = is_deleting((*machine)->value);
  says.established = was_created((*machine)->value);
  return says;
}

Async<Result<bool>> RowOwnedGuests::knows(Uid uid) {
  co_return co_await guests_.knows(std::move(uid));
}

}  // namespace gantry::controllers::proxmoxcluster
