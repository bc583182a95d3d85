#pragma once
// The store's durable interfaces over PostgreSQL (libpqxx 6 or 7, on a BlockingPool).
#include <chrono>
#include <memory>
#include <string>

#include "pkg/async/blocking_pool.h"
#include "pkg/store/database.h"

namespace gantry::store::postgres {

struct PostgresOptions {
  // libpq's "key=value …" or "postgresql://…"; what is missing comes from libpq's defaults
  // (PGHOST, PGPASSFILE, ~/.pgpass …).
  std::string conninfo;
  // Set instead of writing it into conninfo; never logged, never in an error message.
  std::string password;
  std::string application_name = "gantryd";
  std::chrono::seconds connect_timeout{3};
  std::chrono::milliseconds statement_timeout{8000};
  std::chrono::milliseconds lock_timeout{5000};
  // How far back the feed reaches, and with it watches across a restart; whichever is reached
  // first. It is dropped in pieces of so many changes, so up to one piece more stays.
  std::chrono::seconds feed_age_max{24 * 3600};
  int64_t feed_changes_max = 200'000;
  int64_t feed_partition_changes = 20'000;
};

// Connects, migrates the schema to what this program knows, and makes the installation id if there
// is none. `pool` needs two threads or more (one waits for notifications) and must outlive the
// answer. Errors: Invalid (conninfo), Transport (not reachable), Auth, Permission, Unsupported (the
// schema is newer than this program).
Async<Result<std::unique_ptr<Database>>> open(PostgresOptions options, async::BlockingPool& pool);

}  // namespace gantry::store::postgres
