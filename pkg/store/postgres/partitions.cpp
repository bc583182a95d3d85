#include "pkg/store/postgres/partitions.h"

namespace gantry::store::postgres {
namespace {

constexpr const char* kPrefix = "changes_";  // and the first revision

// The counter is locked first, as writers do: whoever took the table first would wait for them
// for ever.
constexpr Statement kLockForDrop{"lock_for_drop",
                                 "SELECT revision, partitioned_to FROM gantry.meta FOR UPDATE"};

// The first revisions of the two oldest partitions.
constexpr Statement kOldest{
    "oldest_partitions",
    "SELECT substr(c.relname, 9)::bigint AS first FROM pg_inherits i "
    "JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'gantry.changes'::regclass ORDER BY first LIMIT 2"};

constexpr Statement kTooOld{
    "partition_too_old",
    "SELECT 1 FROM gantry.changes WHERE revision = $1 "
    "AND committed_at < transaction_timestamp() - $2 * interval '1 second'"};

constexpr Statement kTrimmed{"partition_trimmed",
                             "UPDATE gantry.meta SET trimmed_to = greatest(trimmed_to, $1)"};

std::string table(int64_t first) {
  return "gantry." + std::string(kPrefix) + std::to_string(first);
}

}  // namespace

void make_partitions(pqxx::work& transaction, int64_t partitioned_to, int64_t revision,
                     int64_t partition_changes) {
  if (revision <= partitioned_to) return;
  while (partitioned_to < revision) {
    const auto first = partitioned_to + 1;
    partitioned_to += partition_changes;
    // Attaching, unlike CREATE … PARTITION OF, lets readers of the other partitions go on.
    transaction.exec("CREATE TABLE " + table(first) +
                     " (LIKE gantry.changes INCLUDING DEFAULTS INCLUDING CONSTRAINTS)");
    transaction.exec("ALTER TABLE gantry.changes ATTACH PARTITION " + table(first) +
                     " FOR VALUES FROM (" + std::to_string(first) + ") TO (" +
                     std::to_string(partitioned_to + 1) + ")");
  }
  transaction.exec("UPDATE gantry.meta SET partitioned_to = " + std::to_string(partitioned_to));
}

Result<bool> drop_oldest_partition(Session& session, const Retention& retention) {
  pqxx::work transaction(session.connection());
  const auto meta = session.exec(transaction, kLockForDrop);
  const auto revision = meta[0][0].as<int64_t>();
  const auto oldest = session.exec(transaction, kOldest);
  if (oldest.empty()) return false;
  const auto first = oldest[0][0].as<int64_t>();
  const auto last = oldest.size() > 1 ? oldest[1][0].as<int64_t>() - 1 : meta[0][1].as<int64_t>();
  if (last > revision) return false;  // it is being written
  const auto age = static_cast<int64_t>(retention.age_max.count());
  const bool too_many = last <= revision - retention.changes_max;
  if (!too_many && session.exec(transaction, kTooOld, last, age).empty()) return false;
  // Who reads it for long, as pg_dump does, is not waited for: writers would wait, too.
  transaction.exec("SET LOCAL lock_timeout = '50ms'");
  transaction.exec("DROP TABLE " + table(first));
  session.exec(transaction, kTrimmed, last);
  transaction.commit();
  return true;
}

}  // namespace gantry::store::postgres
