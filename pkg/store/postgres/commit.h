#pragma once
// One group commit: the SQL of Backend::commit().
#include <vector>

#include "pkg/store/postgres/doors.h"
#include "pkg/store/postgres/session.h"

namespace gantry::store::postgres {

using Answers = std::vector<Result<int64_t>>;

// Locks the revision counter, checks each write against the rows as they then are, writes all that
// pass, makes partitions of the feed when a new one begins, notifies, commits: five round trips
// whatever the number of writes. Throws as Session.
Result<Answers> commit_group(Session& session, const std::vector<Write>& writes, const Fence& fence,
                             const std::string& sender, int64_t partition_changes);

// Backend::rewrite(), in one transaction that keeps commits out. Throws as Session.
Result<int64_t> rewrite_texts(Session& session, const Resource& resource, const Rewrite& rewrite,
                              const Fence& fence);

// Seven columns from `first` on: revision, type, resource, ns, name, uid, body.
FeedEntry entry_of(const pqxx::row& row, int first);

}  // namespace gantry::store::postgres
