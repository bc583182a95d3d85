#pragma once
// One group commit: the SQL of Backend::commit().
#include <vector>

#include "pkg/store/postgres/doors.h"

namespace gantry::store::postgres {

using Answers = std::vector<Result<int64_t>>;

// Locks the revision counter, checks each write against the rows as they then are, writes all that
// pass, makes partitions of the feed when a new one begins, notifies, commits: five round trips
// whatever the number of writes. Throws as Session.
Result<Answers> commit_group(Session& session, const std::vector<Write>& writes, const Fence& fence,
                             const std::string& sender, int64_t partition_changes);

}  // namespace gantry::store::postgres
