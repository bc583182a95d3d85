#include "pkg/store/cached_reader.h"

#include <algorithm>
#include <limits>

namespace gantry::store {
namespace {

constexpr int kFeedRead = 500;  // changes of one read of the feed

Place place_of(const RecordPtr& record) {
  return {record->key.ns, record->key.name};
}

Page cut(std::vector<RecordPtr> items, size_t limit, int64_t revision) {
  Page page;
  page.revision = revision;
  if (limit > 0 && items.size() > limit) {
    page.remaining = items.size() - limit;
    items.resize(limit);
    items.shrink_to_fit();
  }
  page.items = std::move(items);
  return page;
}

// A watch from long ago: first out of the feed, then from the window.
class ReplayingWatch final : public RecordWatch {
 public:
  ReplayingWatch(std::shared_ptr<Cache> cache, FeedLog log, Resource resource, std::string ns)
      : cache_(std::move(cache)),
        log_(std::move(log)),
        resource_(std::move(resource)),
        ns_(std::move(ns)) {}

  // A part of the feed that was read to see that there is one.
  void begin_with(std::vector<RecordChange> changes) { read_ = std::move(changes); }

  Async<Result<std::vector<RecordChange>>> next(size_t limit) override {
    while (!live_) {
      if (!read_.empty()) co_return take(limit);
      if (log_.reaches_window()) {
        auto live = cache_->watch(resource_, ns_, log_.position());
        if (!live.ok()) co_return live.status();
        live_ = *std::move(live);
        if (std::exchange(interrupted_, false)) live_->interrupt();
        break;
      }
      auto changes = co_await log_.read(kFeedRead);
      if (!changes.ok()) co_return changes.status();
      read_ = *std::move(changes);
    }
    co_return co_await live_->next(limit);
  }

  void interrupt() override {
    if (live_)
      live_->interrupt();
    else
      interrupted_ = true;
  }

  int64_t revision() const override {
    if (live_) return live_->revision();
    return read_.empty() ? log_.position() : read_.front().record->revision - 1;
  }

 private:
  std::vector<RecordChange> take(size_t limit) {
    const auto end = read_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, read_.size()));
    std::vector<RecordChange> first(std::make_move_iterator(read_.begin()),
                                    std::make_move_iterator(end));
    read_.erase(read_.begin(), end);
    return first;
  }

  std::shared_ptr<Cache> cache_;
  FeedLog log_;
  Resource resource_;
  std::string ns_;
  std::vector<RecordChange> read_;
  bool interrupted_ = false;
  std::unique_ptr<RecordWatch> live_;
};

}  // namespace

Page CachedReader::list(const Query& query, const PageOf& part) const {
  return cut(cache_->select(query, part.after), part.limit, cache_->revision());
}

Async<Result<CachedReader::Before>> CachedReader::changed_since(Resource resource, std::string ns,
                                                                int64_t revision) {
  Before before;
  size_t count = 0;
  const auto note = [&](const std::vector<RecordChange>& changes) {
    for (const auto& change : changes) before.emplace(place_of(change.record), change.previous);
    count += changes.size();
  };
  FeedLog log(access_, cache_, resource, ns, revision);
  while (!log.reaches_window()) {
    const auto changes = co_await log.read(kFeedRead);
    if (!changes.ok()) co_return changes.status();
    note(*changes);
    if (count > kPastChangesMax)
      co_return expired(
          absl::StrFormat("more than %d changes since revision %d", kPastChangesMax, revision));
  }
  const auto newest =
      cache_->window().after(resource, ns, log.position(), std::numeric_limits<size_t>::max());
  note(*newest);
  co_return before;
}

Async<Result<Page>> CachedReader::list_at(Query query, PageOf part, int64_t revision) {
  // From its end on nothing is awaited: what it says and the cache belong together.
  auto before = co_await changed_since(query.resource, query.ns, revision);
  if (!before.ok()) co_return before.status();
  auto items = cache_->select(query, part.after);
  if (!before->empty()) {
    std::erase_if(items, [&](const auto& item) { return before->contains(place_of(item)); });
    for (auto& [place, record] : *before)
      if (record && place > part.after && query.selector.matches(*record)) items.push_back(record);
    std::ranges::sort(items, {}, place_of);
  }
  co_return cut(std::move(items), part.limit, revision);
}

Async<Result<std::unique_ptr<RecordWatch>>> CachedReader::watch(Resource resource, std::string ns,
                                                                int64_t revision) {
  auto live = cache_->watch(resource, ns, revision);
  const bool too_old = !live.ok() && is_expired(live.status()) && revision <= cache_->revision();
  if (!too_old) co_return live;
  // Reading once says whether the feed goes back that far: a client hears at once that it does not.
  FeedLog log(access_, cache_, resource, ns, revision);
  auto first = co_await log.read(kFeedRead);
  if (!first.ok()) co_return is_expired(first.status()) ? live.status() : first.status();
  auto watch = std::make_unique<ReplayingWatch>(cache_, std::move(log), resource, ns);
  watch->begin_with(*std::move(first));
  co_return std::unique_ptr<RecordWatch>(std::move(watch));
}

}  // namespace gantry::store
