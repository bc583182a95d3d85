// The follower: what other processes wrote, and the way back after the database was gone.
#include <algorithm>

#include "pkg/async/deadline.h"
#include "pkg/base/log.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/record.h"

namespace gantry::store {
namespace {

constexpr int kFeedLimit = 1000;

// Whether `text` is the known record's without its version: cheaper than to read it all again.
bool is_text_of(const Record& known, const std::string& text) {
  const size_t added = absl::StrFormat("\"resourceVersion\":\"%d\",", known.revision).size();
  if (known.text.size() != text.size() + added) return false;
  const auto [differs, in_known] = std::ranges::mismatch(text, known.text);
  return std::equal(differs, text.end(), in_known + static_cast<std::ptrdiff_t>(added));
}

bool is_same(const Record& known, const FeedEntry& entry) {
  if (entry.key != known.key || entry.uid != known.uid) return false;
  if (is_text_of(known, entry.text)) return true;
  const auto again = make_record(entry);
  return again.ok() && (*again)->text == known.text;
}

// The feed, read again from the change that we know last. Revisions are only numbers: when another
// copy of the database is put in place, its feed goes on after ours as if nothing were amiss.
Status check_history(const Record& known, const std::vector<FeedEntry>& entries) {
  const bool is_there = !entries.empty() && entries.front().revision == known.revision;
  if (is_there && is_same(known, entries.front())) return Status();
  return expired(
      absl::StrFormat("revision %d is not what it was: was a backup restored?", known.revision));
}

}  // namespace

Async<Status> CachedStore::follow_forever() {
  while (true) {
    if (gone()) {
      GANTRY_CO_TRY(co_await clock_.sleep_for(pause_));
      GANTRY_CO_TRY(co_await recover());
      continue;
    }
    Status current = co_await wait_for_change();
    const bool stopping = co_await async::is_cancelled();
    if (stopping) co_return async::cancelled();
    if (gone()) continue;
    cache_->trim(clock_.now());
    if (current.ok()) current = co_await catch_up();
    if (!current.ok()) lose_database(current);  // the next round finds out whether it is back
  }
}

// lose_database() ends it, too.
Async<Status> CachedStore::wait_for_change() {
  async::Group waiting(executor_);
  Status waited;
  waiting.spawn("wait for a change", [&]() -> Async<Status> {
    waited = co_await backend_.wait_for_change(options_.poll_interval);
    co_return Status();
  });
  waiting_ = &waiting;
  (void)co_await waiting.join();
  waiting_ = nullptr;
  co_return waited;
}

Async<Status> CachedStore::sync() {
  if (stopping_ || !started_) co_return async::cancelled();
  if (gone()) co_return unavailable();
  Status current = co_await catch_up();
  if (current.ok() || error_class(current) == ErrorClass::cancelled) co_return current;
  lose_database(current);
  co_return unavailable();
}

// A commit of nothing. What can only be read (a standby, a full disk) is not back.
Async<Status> CachedStore::try_to_write() {
  const Batch nothing;
  const auto answered = co_await send(nothing);
  const bool fenced = error_class(answered.status()) == ErrorClass::held;
  co_return fenced ? Status() : answered.status();
}

// OK also when the database is still gone: pause_ then says how long to leave it alone.
Async<Status> CachedStore::recover() {
  Status current = co_await catch_up();
  if (current.ok()) current = co_await try_to_write();
  const bool stopping = co_await async::is_cancelled();
  if (stopping) co_return async::cancelled();
  if (!current.ok()) {
    if (current != gone_why_) log::warn("database still gone", {{"error", current}});
    gone_why_ = current;
    pause_ = std::clamp(pause_ * 2, options_.reconnect_min, options_.reconnect_max);
    co_return Status();
  }
  log::info("database back", {{"after", human_duration(clock_.now() - *gone_since_)},
                              {"revision", cache_->revision()}});
  gone_since_.reset();
  gone_why_ = Status();
  co_return Status();
}

// Brings the cache to what the database holds now.
Async<Status> CachedStore::catch_up() {
  GANTRY_CO_TRY(co_await catching_up_.acquire());
  Status status = co_await read_feed();
  if (is_expired(status)) {
    log::warn("the feed does not reach back; loading everything again", {{"why", status}});
    status = co_await reload();
  }
  catching_up_.release();
  cache_->publish();
  co_return status;
}

Async<Status> CachedStore::read_feed() {
  auto known = cache_->newest();
  while (true) {
    const int64_t after = cache_->revision() - (known ? 1 : 0);
    auto reading = backend_.changes_since(after, kFeedLimit);
    auto entries = co_await async::with_deadline(clock_, options_.commit_timeout,
                                                 "database: read the feed", std::move(reading));
    // Perhaps it has been trimmed just up to there.
    if (known && is_expired(entries.status())) {
      known.reset();
      continue;
    }
    if (!entries.ok()) co_return entries.status();
    if (known) GANTRY_CO_TRY(check_history(*known, *entries));
    known.reset();
    for (auto& entry : *entries) {
      if (entry.revision <= cache_->revision()) continue;  // our own write, applied meanwhile
      if (entry.revision != cache_->revision() + 1) co_return expired("the feed has a gap");
      const auto type = entry.type;
      GANTRY_CO_TRY_ASSIGN(auto record, record_of(std::move(entry)));
      cache_->apply(type, std::move(record), clock_.now());
    }
    if (entries->size() < kFeedLimit) co_return Status();
    cache_->publish();
  }
}

// What we are writing ourselves is at hand, and need not be parsed again for those who look: the
// feed may tell of it before the answer comes, or while the answer is being settled.
Result<RecordPtr> CachedStore::record_of(FeedEntry entry) {
  if (in_flight_ == nullptr) return make_record(std::move(entry));
  const auto own = std::ranges::find_if(*in_flight_, [&entry](const Committing& item) {
    return item.write.key == entry.key && item.write.uid == entry.uid &&
           item.write.text == entry.text;
  });
  if (own == in_flight_->end()) return make_record(std::move(entry));
  if (own->stored && own->stored->revision == entry.revision) return own->stored->record;
  GANTRY_TRY_ASSIGN(auto record, make_record(std::move(entry)));
  if (!own->stored) own->stored = cache_->keep(decoded_as(record, std::move(own->value)));
  return record;
}

Async<Status> CachedStore::reload() {
  auto loading = backend_.load();
  auto loaded = co_await async::with_deadline(clock_, options_.load_timeout, "database: load",
                                              std::move(loading));
  if (!loaded.ok()) co_return loaded.status();
  std::vector<RecordPtr> records;
  records.reserve(loaded->objects.size());
  for (auto& entry : loaded->objects) {
    GANTRY_CO_TRY_ASSIGN(auto record, make_record(std::move(entry)));
    records.push_back(std::move(record));
  }
  RecordPtr newest;
  if (loaded->newest) {
    GANTRY_CO_TRY_ASSIGN(newest, make_record(*std::move(loaded->newest)));
  }
  cache_->reset(std::move(records), loaded->revision, std::move(newest));
  co_return Status();
}

}  // namespace gantry::store
