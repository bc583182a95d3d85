#pragma once
// DefectiveGuests: the table of VMIDs, used without care.
#include <utility>

#include "pkg/store/guests.h"
#include "tests/sim/bugs/bugs.h"

namespace gantry::sim {

// `bugs` and `guests` outlive it.
class DefectiveGuests final : public store::Guests {
 public:
  DefectiveGuests(const Bugs& bugs, store::Guests& guests) : bugs_(bugs), guests_(guests) {}

  Async<Result<store::GuestRow>> reserve(ClusterName cluster, Uid uid, std::string owner,
                                         store::VmidRange range, std::vector<VmId> taken,
                                         Duration quarantine) override {
    return guests_.reserve(std::move(cluster), std::move(uid), std::move(owner), range,
                           std::move(taken), quarantine_of(quarantine));
  }
  Async<Status> set_create_task(ClusterName cluster, VmId vmid, Uid uid, Upid task) override {
    return guests_.set_create_task(std::move(cluster), vmid, std::move(uid), std::move(task));
  }
  Async<Result<store::GuestRow>> renumber(ClusterName cluster, Uid uid, store::VmidRange range,
                                          std::vector<VmId> taken, Duration quarantine) override {
    return guests_.renumber(std::move(cluster), std::move(uid), range, std::move(taken),
                            quarantine_of(quarantine));
  }
  Async<Status> clear_create_task(ClusterName cluster, VmId vmid, Uid uid) override {
    return guests_.clear_create_task(std::move(cluster), vmid, std::move(uid));
  }
  Async<Status> release(ClusterName cluster, VmId vmid, Uid uid) override {
    return guests_.release(std::move(cluster), vmid, std::move(uid));
  }
  Async<Result<store::GuestRow>> adopt(ClusterName cluster, VmId vmid, Uid uid,
                                       std::string owner) override {
    return guests_.adopt(std::move(cluster), vmid, std::move(uid), std::move(owner));
  }
  Async<Result<std::optional<store::GuestRow>>> find_by_uid(ClusterName cluster, Uid uid) override {
    return guests_.find_by_uid(std::move(cluster), std::move(uid));
  }
  Async<Result<std::optional<store::GuestRow>>> find_by_vmid(ClusterName cluster,
                                                             VmId vmid) override {
    return guests_.find_by_vmid(std::move(cluster), vmid);
  }
  Async<Result<bool>> knows(Uid uid) override { return guests_.knows(std::move(uid)); }
  Async<Result<std::vector<store::GuestRow>>> list(ClusterName cluster) override {
    return guests_.list(std::move(cluster));
  }

 private:
  Duration quarantine_of(Duration quarantine) const {
    return bugs_.contains(Bug::reuse_vmid_at_once) ? Duration() : quarantine;
  }
  const Bugs& bugs_;
  store::Guests& guests_;
};

}  // namespace gantry::sim
