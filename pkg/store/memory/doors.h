#pragma once
// The three interfaces of memory::Database.
#include "pkg/store/memory/memory.h"

namespace gantry::store::memory {

class Database::BackendDoor final : public store::Backend {
 public:
  BackendDoor(Disk& disk, const std::optional<Fence>& fence) : disk_(disk), fence_(fence) {}
  Async<Result<std::vector<Result<int64_t>>>> commit(std::vector<Write> writes) override;
  Async<Result<Loaded>> load() override;
  Async<Result<std::vector<FeedEntry>>> changes_since(int64_t revision, int limit) override;
  Async<Result<FeedPart>> changes_of(Resource resource, int64_t revision, int limit) override;
  Async<Status> wait_for_change(Duration timeout) override;
  Async<Result<int64_t>> rewrite(Resource resource, Rewrite rewrite) override;

 private:
  Result<size_t> feed_after(int64_t revision) const;
  Result<int64_t> apply(const Write& write);
  Disk& disk_;
  const std::optional<Fence>& fence_;
  int64_t seen_ = 0;  // the newest revision that this process has been told
};

class Database::GuestsDoor final : public store::Guests {
 public:
  GuestsDoor(Disk& disk, const std::optional<Fence>& fence) : disk_(disk), fence_(fence) {}
  Async<Result<GuestRow>> reserve(ClusterName cluster, Uid uid, std::string owner, VmidRange range,
                                  std::vector<VmId> taken, Duration quarantine) override;
  Async<Status> set_create_task(ClusterName cluster, VmId vmid, Uid uid, Upid task) override;
  Async<Result<GuestRow>> renumber(ClusterName cluster, Uid uid, VmidRange range,
                                   std::vector<VmId> taken, Duration quarantine) override;
  Async<Status> clear_create_task(ClusterName cluster, VmId vmid, Uid uid) override;
  Async<Status> release(ClusterName cluster, VmId vmid, Uid uid) override;
  Async<Result<GuestRow>> adopt(ClusterName cluster, VmId vmid, Uid uid,
                                std::string owner) override;
  Async<Result<std::optional<GuestRow>>> find_by_uid(ClusterName cluster, Uid uid) override;
  Async<Result<std::optional<GuestRow>>> find_by_vmid(ClusterName cluster, VmId vmid) override;
  Async<Result<bool>> knows(Uid uid) override;
  Async<Result<std::vector<GuestRow>>> list(ClusterName cluster) override;

 private:
  GuestRow* live(const ClusterName& cluster, const Uid& uid);
  GuestRow* live(const ClusterName& cluster, VmId vmid);
  GuestRow* live(const ClusterName& cluster, VmId vmid, const Uid& uid);
  Result<GuestRow> do_reserve(GuestRow wanted, VmidRange range, const std::vector<VmId>& taken,
                              Duration quarantine);
  Result<GuestRow> do_adopt(GuestRow wanted);
  Status do_set_create_task(GuestRow* row, VmId vmid, const Upid& task);
  Result<VmId> choose(const ClusterName& cluster, VmidRange range, const std::vector<VmId>& taken,
                      Duration quarantine) const;
  int64_t next_epoch(const ClusterName& cluster, const Uid& uid) const;
  Disk& disk_;
  const std::optional<Fence>& fence_;
};

class Database::LeasesDoor final : public store::Leases {
 public:
  LeasesDoor(Disk& disk, std::optional<Fence>& fence) : disk_(disk), fence_(fence) {}
  Async<Result<LeaseState>> acquire(std::string name, std::string holder, Duration ttl) override;
  Async<Status> release(std::string name, std::string holder) override;
  void fence(std::string name, int64_t epoch) override;

 private:
  Result<LeaseState> do_acquire(const std::string& name, const std::string& holder, Duration ttl);
  Disk& disk_;
  std::optional<Fence>& fence_;
};

}  // namespace gantry::store::memory
