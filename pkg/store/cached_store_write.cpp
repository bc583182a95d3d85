// The writer: group commit.
#include <algorithm>

#include "pkg/async/deadline.h"
#include "pkg/base/log.h"
#include "pkg/store/cached_store.h"
#include "pkg/store/object.h"
#include "pkg/store/semantics.h"

namespace gantry::store {
namespace {

// How often a write is judged anew because another process wrote the same object.
constexpr int kAttemptsMax = 6;

// Whether the transaction may have happened although it was not answered.
bool is_unknown(const Status& status) {
  const auto kind = error_class(status);
  return kind == ErrorClass::transport || kind == ErrorClass::timeout || kind == ErrorClass::tls ||
         kind == ErrorClass::auth;
}

bool is_stale(const Status& status) {
  const auto kind = error_class(status);
  return kind == ErrorClass::conflict || kind == ErrorClass::not_found ||
         kind == ErrorClass::already_exists;
}

// What a client hears when the database refuses a write by itself. Whatever is no fault of the
// client names tables and hosts: that is for the log.
Status told_to_client(const Status& refused, const Key& key) {
  switch (error_class(refused)) {
    case ErrorClass::invalid:
    case ErrorClass::held:
    case ErrorClass::cancelled:
      return refused;
    default:
      log::error("the database refused a write", {{"object", to_string(key)}, {"error", refused}});
      return internal("the database refused the write; the daemon's log says why");
  }
}

}  // namespace

Async<Status> CachedStore::write_forever() {
  while (true) {
    if (queue_.empty()) {
      work_.reset();
      drained_.set();
    }
    GANTRY_CO_TRY(co_await work_.wait());
    auto batch = take_batch();
    if (batch.empty()) continue;
    co_await commit(std::move(batch));
    const bool stopping = co_await async::is_cancelled();
    if (stopping) co_return async::cancelled();
  }
}

// Judges what waits, in order of arrival, against the cache. A second write of one object stays
// queued: it can only be judged once the first one's outcome is known.
CachedStore::Batch CachedStore::take_batch() {
  Batch batch;
  std::set<Key> taken;
  std::deque<PendingPtr> later;
  size_t bytes = 0;
  while (!queue_.empty() && batch.size() < options_.batch_max &&
         (batch.empty() || bytes < options_.batch_bytes_max)) {
    auto pending = std::move(queue_.front());
    queue_.pop_front();
    if (taken.contains(pending->key)) {
      later.push_back(std::move(pending));
      continue;
    }
    auto judgement = judge(*pending, *cache_, clock_.now(), random_);
    if (judgement.answer) {
      pending->finish(*std::move(judgement.answer));
      continue;
    }
    if (!taken.insert(judgement.write.key).second) {
      later.push_back(std::move(pending));
      continue;
    }
    bytes += judgement.write.text.size();
    batch.push_back(Committing{std::move(pending), std::move(judgement.write),
                               std::move(judgement.value), nullptr});
  }
  queue_.insert(queue_.begin(), later.begin(), later.end());
  return batch;
}

Async<Result<std::vector<Result<int64_t>>>> CachedStore::send(const Batch& batch) {
  std::vector<Write> writes;
  writes.reserve(batch.size());
  for (const auto& item : batch) writes.push_back(item.write);
  auto operation = backend_.commit(std::move(writes));
  co_return co_await async::with_deadline(clock_, options_.commit_timeout, "database: commit",
                                          std::move(operation));
}

Async<void> CachedStore::commit(Batch batch) {
  in_flight_ = &batch;
  auto answered = co_await send(batch);
  if (answered.ok()) {
    co_await settle(batch, *std::move(answered));
    in_flight_ = nullptr;
    co_return;
  }
  in_flight_ = nullptr;
  if (is_unknown(answered.status())) {
    lose_database(answered.status());
    refuse(batch, unclear());
  } else if (batch.size() > 1 && error_class(answered.status()) != ErrorClass::held &&
             error_class(answered.status()) != ErrorClass::cancelled) {
    co_await commit_one_by_one(std::move(batch));
  } else {
    refuse(batch, told_to_client(answered.status(), batch.front().write.key));
  }
}

// The database refused the transaction; one bad write must not take its neighbours along.
Async<void> CachedStore::commit_one_by_one(Batch batch) {
  for (auto& item : batch) {
    if (gone()) {
      item.pending->finish(unavailable());
      continue;
    }
    Batch single;
    single.push_back(std::move(item));
    co_await commit(std::move(single));
  }
}

Async<void> CachedStore::settle(Batch& batch, std::vector<Result<int64_t>> revisions) {
  std::vector<std::pair<PendingPtr, ObjectPtr>> done;
  std::vector<PendingPtr> stale;
  // While the feed is being read, a reload may yet replace the cache by an older state.
  const bool may_apply = catching_up_.free() > 0;
  for (size_t i = 0; i < batch.size(); ++i) {
    auto& [pending, write, value, stored] = batch[i];
    if (!revisions[i].ok()) {
      if (is_stale(revisions[i].status()))
        stale.push_back(pending);
      else
        pending->finish(revisions[i].status());
      continue;
    }
    const auto revision = *revisions[i];
    if (stored == nullptr || stored->revision != revision) {
      const auto record = make_own_record(write.key, write.uid, revision, write.text);
      stored = cache_->keep(stored ? decode(record) : decoded_as(record, std::move(value)));
      // A gap means that another process wrote in between: the feed brings both, in order.
      if (may_apply && revision == cache_->revision() + 1)
        cache_->apply(write.type, record, clock_.now());
    }
    done.emplace_back(pending, stored);
  }
  cache_->publish();
  Status current;
  const bool behind = !done.empty() && done.back().second->revision > cache_->revision();
  if (behind || !stale.empty()) current = co_await catch_up();
  if (!current.ok() && error_class(current) != ErrorClass::cancelled) lose_database(current);
  if (gone()) current = unclear();
  for (auto& [pending, object] : done) {
    const bool visible = object->revision <= cache_->revision();
    if (!visible && current.ok()) current = object_modified(object->key);
    pending->finish(visible ? Result<ObjectPtr>(std::move(object)) : current);
  }
  judge_again(std::move(stale));
}

void CachedStore::judge_again(std::vector<PendingPtr> stale) {
  std::ranges::reverse(stale);
  for (auto& pending : stale) {
    if (gone()) {
      pending->finish(unavailable());
    } else if (++pending->attempts >= kAttemptsMax) {
      pending->finish(object_modified(pending->key));
    } else {
      queue_.push_front(std::move(pending));
    }
  }
}

void CachedStore::refuse(const Batch& batch, const Status& why) {
  for (const auto& item : batch) item.pending->finish(why);
}

}  // namespace gantry::store
