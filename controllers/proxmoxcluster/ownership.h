#pragma once
// What our rows say, as the writer's guard and the inventory ask it.
#include <map>

#include "pkg/inventory/reflector.h"
#include "pkg/pve/writer.h"
#include "pkg/store/guests.h"
#include "pkg/store/record.h"
#include "pkg/store/store.h"

namespace gantry::controllers::proxmoxcluster {

class RowOwnership final : public pve::Ownership {
 public:
  explicit RowOwnership(store::Guests& guests) : guests_(guests) {}
  Async<Result<std::optional<pve::OwnedGuest>>> find(ClusterName cluster, VmId vmid) override;

 private:
  store::Guests& guests_;
};

// A row counts as established once its Machine's ledger says that the container was created, and
// as leaving while the Machine is being deleted or is gone. Asked in each cycle: what a Machine's
// text says is read again when it is another one.
class RowOwnedGuests final : public inventory::OwnedGuests {
 public:
  RowOwnedGuests(store::Guests& guests, store::Store& store, ClusterName cluster)
      : guests_(guests), store_(store), cluster_(std::move(cluster)) {}
  Async<Result<std::vector<inventory::OwnedGuest>>> list() override;
  Async<Result<bool>> knows(Uid uid) override;

 private:
  struct Said {
    store::RecordPtr record;
    bool leaving = true, established = false;
  };
  Said what_is_said(const store::GuestRow& row);

  store::Guests& guests_;
  store::Store& store_;
  ClusterName cluster_;
  std::map<Uid, Said> said_;
};

// The Machine that a row belongs to; null when there is none with that uid.
store::ObjectPtr machine_of(const store::Store& store, const store::GuestRow& row);

}  // namespace gantry::controllers::proxmoxcluster
