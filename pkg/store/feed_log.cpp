#include "pkg/store/feed_log.h"

#include "pkg/async/deadline.h"
#include "pkg/base/log.h"

namespace gantry::store {
namespace {

constexpr std::chrono::seconds kRetryAfter{5};

Result<RecordChange> change_of(FeedEntry entry) {
  RecordChange change;
  if (!entry.previous.empty()) {
    FeedEntry before;
    before.revision = entry.previous_revision;
    before.key = entry.key;
    before.uid = entry.uid;
    before.text = std::move(entry.previous);
    GANTRY_TRY_ASSIGN(change.previous, make_record(std::move(before)));
  }
  if (entry.type == WriteType::erase)
    change.type = ChangeType::deleted;
  else
    change.type = change.previous ? ChangeType::modified : ChangeType::added;
  GANTRY_TRY_ASSIGN(change.record, make_record(std::move(entry)));
  return change;
}

// Clients read this: why, which names hosts and tables, is for the log.
Status cannot_read(const Status& why) {
  if (is_expired(why) || error_class(why) == ErrorClass::cancelled) return why;
  log::warn("old changes cannot be read", {{"error", why}});
  return with_retry_after(
      make_error(ErrorClass::transport,
                 "what is so old is read from the database, which does not answer; try again"),
      kRetryAfter);
}

}  // namespace

Async<Result<std::vector<RecordChange>>> FeedLog::read(int limit) {
  auto reading = access_.backend.changes_of(resource_, position_, limit);
  auto part = co_await async::with_deadline(access_.clock, access_.timeout,
                                            "database: read old changes", std::move(reading));
  if (!part.ok()) co_return cannot_read(part.status());
  std::vector<RecordChange> found;
  // What is newer than the cache will come by the window.
  const auto end = std::min(part->through, cache_->revision());
  for (auto& entry : part->entries) {
    if (entry.revision > end) break;
    if (!ns_.empty() && entry.key.ns != ns_) continue;
    GANTRY_CO_TRY_ASSIGN(auto change, change_of(std::move(entry)));
    found.push_back(std::move(change));
  }
  position_ = std::max(position_, end);
  co_return found;
}

}  // namespace gantry::store
