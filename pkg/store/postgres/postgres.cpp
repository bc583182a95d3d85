#include "pkg/store/postgres/postgres.h"

#include "pkg/base/random.h"
#include "pkg/store/postgres/conninfo.h"
#include "pkg/store/postgres/doors.h"
#include "pkg/store/postgres/migrations.h"

namespace gantry::store::postgres {
namespace {

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(Link link, Retention retention, std::string installation)
      : link_(std::move(link)),
        installation_(std::move(installation)),
        backend_(link_, retention),
        guests_(link_),
        leases_(link_) {}
  // Jobs that still run hold what they need, but the pool waits for them: nobody hears them any
  // more, so that a server that does not answer is not waited for.
  ~PostgresDatabase() override {
    link_.listener->stop();
    link_.sessions->cut();
  }

  Backend& backend() override { return backend_; }
  Guests& guests() override { return guests_; }
  Leases& leases() override { return leases_; }
  std::string installation() const override { return installation_; }

 private:
  Link link_;
  std::string installation_;
  BackendDoor backend_;
  GuestsDoor guests_;
  LeasesDoor leases_;
};

// A name of this connection that no other process has.
std::string fresh_id() {
  SystemRandom random;
  return random.uuid().get();
}

}  // namespace

Async<Result<std::unique_ptr<Database>>> open(PostgresOptions options, async::BlockingPool& pool) {
  GANTRY_CO_TRY_ASSIGN(const auto conninfo, make_conninfo(options));
  const auto target = describe(options);
  auto sessions = std::make_shared<Sessions>(conninfo, target);
  const auto id = fresh_id();
  auto work = [id](Session& session) { return migrate(session, migrations(), id); };
  GANTRY_CO_TRY_ASSIGN(const auto installation,
                       co_await run_in(sessions, pool, "set up the schema", work));
  sessions->expect_installation(installation);
  const auto sender = fresh_id();
  auto listener = std::make_shared<Listener>(conninfo, target, sender);
  Link link{pool, sessions, listener, sender, Fence()};
  const Retention retention{options.feed_age_max, options.feed_changes_max,
                            std::max<int64_t>(1, options.feed_partition_changes)};
  std::unique_ptr<Database> database =
      std::make_unique<PostgresDatabase>(std::move(link), retention, installation);
  co_return database;
}

}  // namespace gantry::store::postgres
