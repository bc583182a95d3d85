#pragma once
// The partitions of gantry.changes: ranges of revisions, made by who first writes beyond the last
// one, dropped whole.
#include <chrono>
#include <cstdint>

#include "pkg/base/status.h"
#include "pkg/store/postgres/session.h"

namespace gantry::store::postgres {

// How much of the feed stays, and in pieces of which size.
struct Retention {
  std::chrono::seconds age_max;
  int64_t changes_max;
  int64_t partition_changes;
};

// Makes partitions until `revision` has one, in the caller's transaction, which holds the counter.
// `partitioned_to` as in gantry.meta. A few milliseconds, once in partition_changes writes.
void make_partitions(pqxx::work& transaction, int64_t partitioned_to, int64_t revision,
                     int64_t partition_changes);

// Drops the oldest partition if all that is in it is older or more than what stays. Whether it did.
// Writers wait meanwhile. Throws as Session; also when somebody reads the feed for long.
Result<bool> drop_oldest_partition(Session& session, const Retention& retention);

}  // namespace gantry::store::postgres
