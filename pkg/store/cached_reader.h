#pragma once
// CachedReader: the Reader over the cache, and over the database's feed for what is older.
#include <memory>

#include "pkg/store/feed_log.h"

namespace gantry::store {

class CachedReader final : public Reader {
 public:
  CachedReader(std::shared_ptr<Cache> cache, FeedAccess access)
      : cache_(std::move(cache)), access_(access) {}

  RecordPtr find(const Key& key) const override { return cache_->record(key); }
  int64_t revision() const override { return cache_->revision(); }
  int64_t changed_at(const Resource& resource) const override {
    return cache_->changed_at(resource);
  }
  Page list(const Query& query, const PageOf& part) const override;
  Async<Result<Page>> list_at(Query query, PageOf part, int64_t revision) override;
  Async<Result<std::unique_ptr<RecordWatch>>> watch(Resource resource, std::string ns,
                                                    int64_t revision) override;

 private:
  // What stood at each place that has changed since a revision, null where nothing did.
  using Before = std::map<Place, RecordPtr>;
  Async<Result<Before>> changed_since(Resource resource, std::string ns, int64_t revision);

  std::shared_ptr<Cache> cache_;
  FeedAccess access_;
};

}  // namespace gantry::store
