#pragma once
// FeedLog: the changes of one resource that are older than the window, out of the database's feed.
#include <memory>
#include <string>
#include <vector>

#include "pkg/async/clock.h"
#include "pkg/store/cache.h"

namespace gantry::store {

// How the feed is asked.
struct FeedAccess {
  Backend& backend;
  async::Clock& clock;
  Duration timeout;
};

class FeedLog {
 public:
  FeedLog(FeedAccess access, std::shared_ptr<Cache> cache, Resource resource, std::string ns,
          int64_t revision)
      : access_(access),
        cache_(std::move(cache)),
        resource_(std::move(resource)),
        ns_(std::move(ns)),
        position_(revision) {}

  // Everything up to here has been read.
  int64_t position() const { return position_; }
  // The window goes on from here: read no more.
  bool reaches_window() const { return cache_->window().covers(resource_, position_); }
  // The next changes, up to what the cache has; none when there were none in the part that was
  // read. Each call moves position() on. expired() when the feed does not reach back that far;
  // Transport, in words for clients, when the database cannot be asked.
  Async<Result<std::vector<RecordChange>>> read(int limit);

 private:
  FeedAccess access_;
  std::shared_ptr<Cache> cache_;
  Resource resource_;
  std::string ns_;
  int64_t position_;
};

}  // namespace gantry::store
