#include "pkg/store/postgres/migrations.h"

namespace gantry::store::postgres {
namespace {

// "gantry" in ASCII: everybody who migrates takes this lock first.
constexpr const char* kLockForMigration = "SELECT pg_advisory_xact_lock(113693386929785)";

constexpr const char* kBook = R"sql(
CREATE SCHEMA IF NOT EXISTS gantry;
CREATE TABLE IF NOT EXISTS gantry.migrations (
  number     integer PRIMARY KEY,
  name       text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
)sql";

constexpr const char* kObjectsSchema = R"sql(
-- One row: the counter that every writer locks, and who we are.
CREATE TABLE gantry.meta (
  one          boolean PRIMARY KEY DEFAULT true CHECK (one),
  installation text NOT NULL,
  revision     bigint NOT NULL DEFAULT 0,
  trimmed_to   bigint NOT NULL DEFAULT 0,
  CHECK (trimmed_to <= revision)
) WITH (fillfactor = 10);

CREATE TABLE gantry.objects (
  resource text COLLATE "C" NOT NULL,
  ns       text COLLATE "C" NOT NULL,
  name     text COLLATE "C" NOT NULL,
  uid      text NOT NULL,
  revision bigint NOT NULL,
  body     text NOT NULL,
  PRIMARY KEY (resource, ns, name)
);

-- Append-only: what happened at each revision above meta.trimmed_to.
CREATE TABLE gantry.changes (
  revision     bigint PRIMARY KEY,
  type         "char" NOT NULL CHECK (type IN ('p', 'e')),
  resource     text NOT NULL,
  ns           text NOT NULL,
  name         text NOT NULL,
  uid          text NOT NULL,
  body         text NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT transaction_timestamp()
);
)sql";

constexpr const char* kGuests = R"sql(
CREATE TABLE gantry.guests (
  cluster     text NOT NULL,
  vmid        bigint NOT NULL,
  uid         text NOT NULL,
  owner       text NOT NULL,
  epoch       bigint NOT NULL,
  create_task text,
  reserved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  released_at timestamptz
);
CREATE UNIQUE INDEX guests_live_vmid ON gantry.guests (cluster, vmid) WHERE released_at IS NULL;
CREATE UNIQUE INDEX guests_live_uid ON gantry.guests (cluster, uid) WHERE released_at IS NULL;
CREATE INDEX guests_released ON gantry.guests (cluster, released_at)
  WHERE released_at IS NOT NULL;
CREATE INDEX guests_uid ON gantry.guests (cluster, uid);
)sql";

constexpr const char* kLeases = R"sql(
CREATE TABLE gantry.leases (
  name       text PRIMARY KEY,
  holder     text NOT NULL,
  epoch      bigint NOT NULL,
  renewed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
)sql";

// The feed begins anew: what was there before each change is kept from now on, and what is too old
// goes by whole partitions. Who was watching lists again, once.
constexpr const char* kPartitions = R"sql(
DROP TABLE gantry.changes;
CREATE TABLE gantry.changes (
  revision          bigint PRIMARY KEY,
  type              "char" NOT NULL CHECK (type IN ('p', 'e')),
  resource          text NOT NULL,
  ns                text NOT NULL,
  name              text NOT NULL,
  uid               text NOT NULL,
  body              text NOT NULL,
  previous_revision bigint,
  previous          text,
  committed_at      timestamptz NOT NULL DEFAULT transaction_timestamp()
) PARTITION BY RANGE (revision);
-- Up to here there are partitions; who writes beyond makes the next one.
ALTER TABLE gantry.meta ADD COLUMN partitioned_to bigint NOT NULL DEFAULT 0;
UPDATE gantry.meta SET trimmed_to = revision, partitioned_to = revision;
)sql";

int newest_applied(pqxx::work& transaction) {
  const auto rows = transaction.exec("SELECT coalesce(max(number), 0) FROM gantry.migrations");
  return rows[0][0].as<int>();
}

}  // namespace

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> steps{
      {1, "objects, changes, meta", kObjectsSchema},
      {2, "guests", kGuests},
      {3, "leases", kLeases},
      {4, "changes in partitions", kPartitions},
  };
  return steps;
}

Result<std::string> migrate(Session& session, const std::vector<Migration>& steps,
                            const std::string& fresh_id) {
  pqxx::work transaction(session.connection());
  transaction.exec(kLockForMigration);
  transaction.exec(kBook);
  const int have = newest_applied(transaction);
  const int know = steps.empty() ? 0 : steps.back().number;
  if (have > know)
    return error(ErrorClass::unsupported,
                 "the database's schema is at version %d and this program knows versions up to %d: "
                 "it was written by a newer gantryd; run that one, or restore a backup",
                 have, know);
  static constexpr Statement kNote{"note_migration",
                                   "INSERT INTO gantry.migrations (number, name) VALUES ($1, $2)"};
  for (const auto& step : steps) {
    if (step.number <= have) continue;
    transaction.exec(step.sql);
    session.exec(transaction, kNote, step.number, std::string(step.name));
  }
  static constexpr Statement kIdentify{
      "identify", "INSERT INTO gantry.meta (installation) VALUES ($1) ON CONFLICT DO NOTHING"};
  session.exec(transaction, kIdentify, fresh_id);
  const auto rows = transaction.exec("SELECT installation FROM gantry.meta");
  auto installation = rows[0][0].as<std::string>();
  transaction.commit();
  return installation;
}

}  // namespace gantry::store::postgres
