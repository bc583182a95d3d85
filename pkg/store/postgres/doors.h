#pragma once
// The three interfaces over Sessions.
#include <memory>
#include <optional>

#include "pkg/store/database.h"
#include "pkg/store/postgres/listener.h"
#include "pkg/store/postgres/partitions.h"
#include "pkg/store/postgres/postgres.h"
#include "pkg/store/postgres/sessions.h"

namespace gantry::store::postgres {

// Which lease this process writes under; name empty: none.
struct Fence {
  std::string name;
  int64_t epoch = 0;
};

// What the doors share; the loop's thread only, but for what is behind the shared pointers.
struct Link {
  async::BlockingPool& pool;
  std::shared_ptr<Sessions> sessions;
  std::shared_ptr<Listener> listener;
  std::string sender;  // in our notifications
  Fence fence;
};

// Held when another has taken the lease; until the transaction ends nobody can.
Status check_fence(Session& session, pqxx::work& transaction, const Fence& fence);

class BackendDoor final : public Backend {
 public:
  BackendDoor(Link& link, Retention retention) : link_(link), retention_(retention) {}
  Async<Result<std::vector<Result<int64_t>>>> commit(std::vector<Write> writes) override;
  Async<Result<Loaded>> load() override;
  Async<Result<std::vector<FeedEntry>>> changes_since(int64_t revision, int limit) override;
  Async<Result<FeedPart>> changes_of(Resource resource, int64_t revision, int limit) override;
  Async<Status> wait_for_change(Duration timeout) override;
  Async<Result<int64_t>> rewrite(Resource resource, Rewrite rewrite) override;
  // Drops what is older or more than the retention allows.
  Async<Status> trim();

 private:
  Link& link_;
  Retention retention_;
  int waits_ = 0;
};

class GuestsDoor final : public Guests {
 public:
  explicit GuestsDoor(Link& link) : link_(link) {}
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
  Link& link_;
};

class LeasesDoor final : public Leases {
 public:
  explicit LeasesDoor(Link& link) : link_(link) {}
  Async<Result<LeaseState>> acquire(std::string name, std::string holder, Duration ttl) override;
  Async<Status> release(std::string name, std::string holder) override;
  void fence(std::string name, int64_t epoch) override;

 private:
  Link& link_;
};

}  // namespace gantry::store::postgres
