#include "pkg/store/postgres/doors.h"

namespace gantry::store::postgres {
namespace {

constexpr Statement kAcquire{"lease_acquire", R"sql(
INSERT INTO gantry.leases AS l (name, holder, epoch, renewed_at, expires_at)
VALUES ($1, $2, 1, clock_timestamp(), clock_timestamp() + $3 * interval '1 microsecond')
ON CONFLICT (name) DO UPDATE
  SET holder = excluded.holder, epoch = l.epoch + (l.holder <> excluded.holder)::int,
      renewed_at = excluded.renewed_at, expires_at = excluded.expires_at
  WHERE l.holder = excluded.holder OR l.holder = '' OR l.expires_at <= clock_timestamp()
RETURNING epoch, (extract(epoch FROM renewed_at) * 1000000)::bigint
)sql"};

constexpr Statement kHolder{
    "lease_holder",
    "SELECT holder, epoch, (extract(epoch FROM clock_timestamp() - renewed_at) * 1000000)::bigint "
    "FROM gantry.leases WHERE name = $1"};

constexpr Statement kReleaseLease{
    "lease_release", "UPDATE gantry.leases SET holder = '' WHERE name = $1 AND holder = $2"};

Result<LeaseState> acquire_row(Session& session, const LeaseState& wanted, int64_t ttl_us) {
  pqxx::work transaction(session.connection());
  const auto rows = session.exec(transaction, kAcquire, wanted.name, wanted.holder, ttl_us);
  if (!rows.empty()) {
    auto state = wanted;
    state.epoch = rows[0][0].as<int64_t>();
    state.renewed_at = Time(std::chrono::microseconds(rows[0][1].as<int64_t>()));
    transaction.commit();
    return state;
  }
  const auto other = session.exec(transaction, kHolder, wanted.name);
  if (other.empty()) return error(ErrorClass::held, "lease %s is being taken", wanted.name);
  return error(ErrorClass::held, "lease %s is held by %s (epoch %d, renewed %s ago)", wanted.name,
               other[0][0].as<std::string>(), other[0][1].as<int64_t>(),
               human_duration(std::chrono::microseconds(other[0][2].as<int64_t>())));
}

}  // namespace

Async<Result<LeaseState>> LeasesDoor::acquire(std::string name, std::string holder, Duration ttl) {
  LeaseState wanted;
  wanted.name = std::move(name);
  wanted.holder = std::move(holder);
  const int64_t ttl_us = std::chrono::duration_cast<std::chrono::microseconds>(ttl).count();
  auto work = [wanted, ttl_us](Session& session) { return acquire_row(session, wanted, ttl_us); };
  co_return co_await run_in(link_.sessions, link_.pool, "acquire a lease", work);
}

Async<Status> LeasesDoor::release(std::string name, std::string holder) {
  auto work = [name, holder](Session& session) {
    pqxx::work transaction(session.connection());
    session.exec(transaction, kReleaseLease, name, holder);
    transaction.commit();
    return Status();
  };
  co_return co_await run_in(link_.sessions, link_.pool, "release a lease", work);
}

void LeasesDoor::fence(std::string name, int64_t epoch) {
  link_.fence.name = std::move(name);
  link_.fence.epoch = epoch;
}

}  // namespace gantry::store::postgres
