#include "pkg/store/cache.h"

#include "pkg/base/check.h"

namespace gantry::store {
namespace {

// Objects that stay decoded although nobody holds them, about 12 KiB each.
constexpr size_t kKeptMax = 256;

}  // namespace

// A position in the cache's window. Everything up to position_ has been delivered.
class CacheWatch final : public RecordWatch {
 public:
  CacheWatch(std::shared_ptr<Cache> cache, Resource resource, std::string ns, int64_t position)
      : cache_(std::move(cache)),
        resource_(std::move(resource)),
        ns_(std::move(ns)),
        position_(position),
        life_(cache_->life_),
        listening_(cache_->window_.add_listener(resource_, woken_)) {}
  ~CacheWatch() override { cache_->window_.remove_listener(resource_, listening_); }

  Async<Result<std::vector<RecordChange>>> next(size_t limit) override {
    while (true) {
      woken_.reset();
      if (cache_->closed_) co_return async::cancelled();
      if (!covered()) co_return expired("the watch fell behind the kept changes; list again");
      auto changes = *cache_->window_.after(resource_, ns_, position_, limit);
      const bool all = changes.size() < limit;
      position_ = all ? cache_->revision() : changes.back().record->revision;
      if (!changes.empty() || std::exchange(interrupted_, false)) co_return changes;
      GANTRY_CO_TRY(co_await woken_.wait());
    }
  }

  void interrupt() override {
    interrupted_ = true;
    woken_.set();
  }

  int64_t revision() const override {
    const bool idle = covered() && !cache_->window_.anything_after(resource_, ns_, position_);
    return idle ? cache_->revision() : position_;
  }

 private:
  bool covered() const {
    return life_ == cache_->life_ && cache_->window_.covers(resource_, position_);
  }

  std::shared_ptr<Cache> cache_;
  Resource resource_;
  std::string ns_;
  int64_t position_;
  int64_t life_;
  bool interrupted_ = false;
  async::Event woken_;
  Window::Listeners::iterator listening_;
};

RecordPtr Cache::record(const Key& key) const {
  const auto collection = collections_.find(key.resource);
  return collection == collections_.end() ? nullptr : collection->second.find(key.ns, key.name);
}

ObjectPtr Cache::find(const Key& key) const {
  const auto found = record(key);
  return found ? keep(decode(found)) : nullptr;
}

ObjectPtr Cache::keep(ObjectPtr object) const {
  const bool newly = object.use_count() == 1;
  if (!newly) return object;
  kept_.push_back(object);
  if (kept_.size() > kKeptMax) kept_.pop_front();
  return object;
}

std::vector<RecordPtr> Cache::select(const Query& query, const Place& after) const {
  const auto collection = collections_.find(query.resource);
  if (collection == collections_.end()) return {};
  return collection->second.select(query.ns, query.selector, after);
}

size_t Cache::size() const {
  size_t count = 0;
  for (const auto& [resource, collection] : collections_) count += collection.size();
  return count;
}

int64_t Cache::changed_at(const Resource& resource) const {
  return std::max(window_.newest(resource), loaded_at_);
}

void Cache::reset(std::vector<RecordPtr> records, int64_t revision, RecordPtr newest) {
  collections_.clear();
  newest_ = std::move(newest);
  for (auto& record : records) {
    auto& collection = collections_[record->key.resource];
    collection.put(std::move(record));
  }
  revision_ = revision;
  loaded_at_ = revision;
  ++life_;
  touched_.clear();
  window_.reset(revision);
}

void Cache::apply(WriteType type, RecordPtr record, Time now) {
  GANTRY_CHECK(record->revision == revision_ + 1);
  revision_ = record->revision;
  newest_ = record;
  auto& collection = collections_[record->key.resource];
  RecordChange change;
  change.record = record;
  if (type == WriteType::erase) {
    change.type = ChangeType::deleted;
    change.previous = collection.erase(record->key.ns, record->key.name);
  } else {
    change.previous = collection.put(record);
    change.type = change.previous ? ChangeType::modified : ChangeType::added;
  }
  touched_.insert(record->key.resource);
  window_.append(std::move(change), now);
}

void Cache::publish() {
  for (const auto& resource : touched_) window_.wake(resource);
  touched_.clear();
}

void Cache::close() {
  closed_ = true;
  window_.wake_all();
}

Result<std::unique_ptr<RecordWatch>> Cache::watch(const Resource& resource, const std::string& ns,
                                                  int64_t revision) {
  if (closed_) return async::cancelled();
  if (revision > revision_)
    return expired(absl::StrFormat("revision %d is newer than this store (%d); list again",
                                   revision, revision_));
  if (!window_.covers(resource, revision))
    return expired(absl::StrFormat("too old resource version: %d (%d)", revision, revision_));
  return std::make_unique<CacheWatch>(shared_from_this(), resource, ns, revision);
}

}  // namespace gantry::store
