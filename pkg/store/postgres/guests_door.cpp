#include "pkg/store/postgres/doors.h"
#include "pkg/store/vmid_choice.h"

namespace gantry::store::postgres {
namespace {

#define GUEST_COLUMNS "cluster, vmid, uid, owner, epoch, create_task"

// Everybody who chooses an id or hands one over does so alone in that cluster.
constexpr Statement kLockCluster{"lock_cluster",
                                 "SELECT pg_advisory_xact_lock(1734440564, hashtext($1))"};
constexpr Statement kInUse{
    "guests_in_use",
    "SELECT vmid, released_at IS NULL FROM gantry.guests WHERE cluster = $1 AND (released_at IS "
    "NULL OR released_at > clock_timestamp() - $2 * interval '1 microsecond')"};
constexpr Statement kByUid{"guest_by_uid",
                           "SELECT " GUEST_COLUMNS
                           " FROM gantry.guests WHERE cluster = $1 AND uid = $2 AND released_at IS "
                           "NULL"};
constexpr Statement kByVmid{"guest_by_vmid",
                            "SELECT " GUEST_COLUMNS
                            " FROM gantry.guests WHERE cluster = $1 AND vmid = $2 AND released_at "
                            "IS NULL"};
constexpr Statement kLive{"guests_live",
                          "SELECT " GUEST_COLUMNS
                          " FROM gantry.guests WHERE cluster = $1 AND released_at IS NULL ORDER BY "
                          "vmid"};
constexpr Statement kKnows{"guest_knows",
                           "SELECT EXISTS (SELECT FROM gantry.guests WHERE uid = $1)"};
constexpr Statement kInsert{
    "guest_insert",
    "INSERT INTO gantry.guests (cluster, vmid, uid, owner, epoch) VALUES ($1, $2, $3, $4, 1 + "
    "(SELECT coalesce(max(epoch), 0) FROM gantry.guests WHERE cluster = $1 AND uid = $3)) "
    "RETURNING " GUEST_COLUMNS};
constexpr Statement kReleaseGuest{
    "guest_release",
    "UPDATE gantry.guests SET released_at = clock_timestamp() WHERE cluster = $1 AND vmid = $2 AND "
    "uid = $3 AND released_at IS NULL"};
constexpr Statement kSetTask{
    "guest_set_task",
    "UPDATE gantry.guests SET create_task = $4 WHERE cluster = $1 AND vmid = $2 AND uid = $3 AND "
    "released_at IS NULL AND (create_task IS NULL OR create_task = $4)"};
constexpr Statement kClearTask{
    "guest_clear_task",
    "UPDATE gantry.guests SET create_task = NULL, epoch = epoch + 1 WHERE cluster = $1 AND vmid = "
    "$2 AND uid = $3 AND released_at IS NULL"};

#undef GUEST_COLUMNS

using Found = std::optional<GuestRow>;

GuestRow row_of(const pqxx::row& row) {
  GuestRow guest;
  guest.cluster = ClusterName(row[0].as<std::string>());
  guest.vmid = VmId(row[1].as<int64_t>());
  guest.uid = Uid(row[2].as<std::string>());
  guest.owner = row[3].as<std::string>();
  guest.epoch = row[4].as<int64_t>();
  if (!row[5].is_null()) guest.create_task = Upid(row[5].as<std::string>());
  return guest;
}

Found first_of(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  return row_of(rows[0]);
}

Status no_row(VmId vmid, const Uid& uid) {
  return not_found("VMID %d is not reserved for machine %s", vmid.get(), uid.get());
}

// What choosing an id needs to know.
struct Choice {
  VmidRange range;
  std::vector<VmId> taken;
  Duration quarantine{};
};

Result<VmId> choose(Session& session, pqxx::work& transaction, const ClusterName& cluster,
                    const Choice& choice) {
  const auto quarantine_us =
      std::chrono::duration_cast<std::chrono::microseconds>(choice.quarantine).count();
  VmidUse use;
  use.foreign = numbers(choice.taken);
  for (const auto& row :
       session.exec(transaction, kInUse, cluster.get(), static_cast<int64_t>(quarantine_us)))
    (row[1].as<bool>() ? use.live : use.quarantined).insert(row[0].as<int64_t>());
  return choose_vmid(choice.range, use);
}

Result<GuestRow> reserve_row(Session& session, pqxx::work& transaction, const GuestRow& wanted,
                             const Choice& choice) {
  session.exec(transaction, kLockCluster, wanted.cluster.get());
  auto live = first_of(session.exec(transaction, kByUid, wanted.cluster.get(), wanted.uid.get()));
  if (live) return *live;
  GANTRY_TRY_ASSIGN(const auto vmid, choose(session, transaction, wanted.cluster, choice));
  return row_of(session.exec(transaction, kInsert, wanted.cluster.get(), vmid.get(),
                             wanted.uid.get(), wanted.owner)[0]);
}

Result<GuestRow> renumber_row(Session& session, pqxx::work& transaction, const GuestRow& wanted,
                              const Choice& choice) {
  const auto& cluster = wanted.cluster.get();
  session.exec(transaction, kLockCluster, cluster);
  const auto live = first_of(session.exec(transaction, kByUid, cluster, wanted.uid.get()));
  if (!live) return not_found("machine %s has no VMID in cluster %s", wanted.uid.get(), cluster);
  GANTRY_TRY_ASSIGN(const auto vmid, choose(session, transaction, wanted.cluster, choice));
  session.exec(transaction, kReleaseGuest, cluster, live->vmid.get(), wanted.uid.get());
  return row_of(
      session.exec(transaction, kInsert, cluster, vmid.get(), wanted.uid.get(), live->owner)[0]);
}

Result<GuestRow> adopt_row(Session& session, pqxx::work& transaction, const GuestRow& wanted) {
  const auto& cluster = wanted.cluster.get();
  session.exec(transaction, kLockCluster, cluster);
  const auto by_vmid = first_of(session.exec(transaction, kByVmid, cluster, wanted.vmid.get()));
  const auto by_uid = first_of(session.exec(transaction, kByUid, cluster, wanted.uid.get()));
  if (by_vmid && by_uid && by_vmid->vmid == by_uid->vmid) return *by_vmid;
  if (by_vmid)
    return already_exists("VMID %d belongs to %s already", wanted.vmid.get(), by_vmid->owner);
  if (by_uid) return already_exists("%s has VMID %d already", by_uid->owner, by_uid->vmid.get());
  return row_of(session.exec(transaction, kInsert, cluster, wanted.vmid.get(), wanted.uid.get(),
                             wanted.owner)[0]);
}

Status note_task(Session& session, pqxx::work& transaction, const GuestRow& wanted) {
  const auto& cluster = wanted.cluster.get();
  const auto noted = session.exec(transaction, kSetTask, cluster, wanted.vmid.get(),
                                  wanted.uid.get(), wanted.create_task->get());
  if (noted.affected_rows() == 1) return {};
  const auto live = first_of(session.exec(transaction, kByVmid, cluster, wanted.vmid.get()));
  if (!live || live->uid != wanted.uid) return no_row(wanted.vmid, wanted.uid);
  return conflict("VMID %d: create task %s is noted already", wanted.vmid.get(),
                  live->create_task ? live->create_task->get() : "");
}

// Runs `step(session, transaction)` in a transaction of its own, under the fence. An error rolls
// it back.
template <class F>
auto write_with(const Fence& fence, F step) {
  return [fence, step](Session& session) -> std::invoke_result_t<F, Session&, pqxx::work&> {
    pqxx::work transaction(session.connection());
    GANTRY_TRY(check_fence(session, transaction, fence));
    auto answer = step(session, transaction);
    if (answer.ok()) transaction.commit();
    return answer;
  };
}

GuestRow wanted_row(ClusterName cluster, VmId vmid, Uid uid, std::string owner) {
  GuestRow row;
  row.cluster = std::move(cluster);
  row.vmid = vmid;
  row.uid = std::move(uid);
  row.owner = std::move(owner);
  return row;
}

}  // namespace

Async<Result<GuestRow>> GuestsDoor::reserve(ClusterName cluster, Uid uid, std::string owner,
                                            VmidRange range, std::vector<VmId> taken,
                                            Duration quarantine) {
  auto work = write_with(
      link_.fence,
      [wanted = wanted_row(cluster, VmId(), uid, owner), choice = Choice{range, taken, quarantine}](
          Session& s, pqxx::work& t) { return reserve_row(s, t, wanted, choice); });
  co_return co_await run_in(link_.sessions, link_.pool, "reserve a VMID", work);
}

Async<Result<GuestRow>> GuestsDoor::renumber(ClusterName cluster, Uid uid, VmidRange range,
                                             std::vector<VmId> taken, Duration quarantine) {
  auto work = write_with(
      link_.fence,
      [wanted = wanted_row(cluster, VmId(), uid, ""), choice = Choice{range, taken, quarantine}](
          Session& s, pqxx::work& t) { return renumber_row(s, t, wanted, choice); });
  co_return co_await run_in(link_.sessions, link_.pool, "renumber a guest", work);
}

Async<Result<GuestRow>> GuestsDoor::adopt(ClusterName cluster, VmId vmid, Uid uid,
                                          std::string owner) {
  auto work =
      write_with(link_.fence, [wanted = wanted_row(cluster, vmid, uid, owner)](
                                  Session& s, pqxx::work& t) { return adopt_row(s, t, wanted); });
  co_return co_await run_in(link_.sessions, link_.pool, "adopt a guest", work);
}

Async<Status> GuestsDoor::set_create_task(ClusterName cluster, VmId vmid, Uid uid, Upid task) {
  auto wanted = wanted_row(cluster, vmid, uid, "");
  wanted.create_task = task;
  auto work = write_with(link_.fence,
                         [wanted](Session& s, pqxx::work& t) { return note_task(s, t, wanted); });
  co_return co_await run_in(link_.sessions, link_.pool, "note the create task", work);
}

Async<Status> GuestsDoor::clear_create_task(ClusterName cluster, VmId vmid, Uid uid) {
  auto work = write_with(link_.fence, [cluster, vmid, uid](Session& s, pqxx::work& t) {
    const auto done = s.exec(t, kClearTask, cluster.get(), vmid.get(), uid.get());
    return done.affected_rows() == 1 ? Status() : no_row(vmid, uid);
  });
  co_return co_await run_in(link_.sessions, link_.pool, "forget the create task", work);
}

Async<Status> GuestsDoor::release(ClusterName cluster, VmId vmid, Uid uid) {
  auto work = write_with(link_.fence, [cluster, vmid, uid](Session& s, pqxx::work& t) {
    s.exec(t, kReleaseGuest, cluster.get(), vmid.get(), uid.get());
    return Status();
  });
  co_return co_await run_in(link_.sessions, link_.pool, "release a VMID", work);
}

Async<Result<Found>> GuestsDoor::find_by_uid(ClusterName cluster, Uid uid) {
  auto work = [cluster, uid](Session& session) -> Result<Found> {
    pqxx::work transaction(session.connection());
    return first_of(session.exec(transaction, kByUid, cluster.get(), uid.get()));
  };
  co_return co_await run_in(link_.sessions, link_.pool, "find a guest", work);
}

Async<Result<Found>> GuestsDoor::find_by_vmid(ClusterName cluster, VmId vmid) {
  auto work = [cluster, vmid](Session& session) -> Result<Found> {
    pqxx::work transaction(session.connection());
    return first_of(session.exec(transaction, kByVmid, cluster.get(), vmid.get()));
  };
  co_return co_await run_in(link_.sessions, link_.pool, "find a guest", work);
}

Async<Result<bool>> GuestsDoor::knows(Uid uid) {
  auto work = [uid](Session& session) -> Result<bool> {
    pqxx::work transaction(session.connection());
    return session.exec(transaction, kKnows, uid.get())[0][0].as<bool>();
  };
  co_return co_await run_in(link_.sessions, link_.pool, "look up a guest", work);
}

Async<Result<std::vector<GuestRow>>> GuestsDoor::list(ClusterName cluster) {
  auto work = [cluster](Session& session) -> Result<std::vector<GuestRow>> {
    pqxx::work transaction(session.connection());
    std::vector<GuestRow> rows;
    for (const auto& row : session.exec(transaction, kLive, cluster.get()))
      rows.push_back(row_of(row));
    return rows;
  };
  co_return co_await run_in(link_.sessions, link_.pool, "list guests", work);
}

}  // namespace gantry::store::postgres
