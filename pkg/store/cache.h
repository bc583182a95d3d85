#pragma once
// Cache: every object of the store as of one revision, and the watches on it.
#include <deque>
#include <map>
#include <memory>
#include <set>

#include "pkg/store/window.h"

namespace gantry::store {

// Always a state that the database has had: changes are applied in order and without a gap. Not
// thread-safe. Shared with its watches.
class Cache : public std::enable_shared_from_this<Cache> {
 public:
  explicit Cache(WindowLimits limits) : window_(limits) {}

  RecordPtr record(const Key& key) const;  // null when there is none
  ObjectPtr find(const Key& key) const;    // the same, decoded
  // Of all namespaces when `ns` is empty, beyond `after`.
  std::vector<RecordPtr> select(const Query& query, const Place& after) const;
  int64_t revision() const { return revision_; }
  // The change that made this revision; null when that is not known.
  const RecordPtr& newest() const { return newest_; }
  size_t size() const;
  const Window& window() const { return window_; }
  // When the collection last changed; see Reader::changed_at().
  int64_t changed_at(const Resource& resource) const;

  // Replaces everything; all watches expire. `newest`: the change that made `revision`, or null.
  // Not publish()ed yet.
  void reset(std::vector<RecordPtr> records, int64_t revision, RecordPtr newest);
  // The change that follows. Requires record->revision == revision() + 1. Watches learn of it at
  // the next publish().
  void apply(WriteType type, RecordPtr record, Time now);
  void publish();
  // Lets go of changes that are too old to be kept.
  void trim(Time now) { window_.trim(now); }
  // Ends all watches with kCancelled.
  void close();

  // Changes after `revision`; expired() when the window does not reach back that far.
  Result<std::unique_ptr<RecordWatch>> watch(const Resource& resource, const std::string& ns,
                                             int64_t revision);
  // Keeps an object decoded for a while: it will be asked for again.
  ObjectPtr keep(ObjectPtr object) const;

 private:
  friend class CacheWatch;
  std::map<Resource, Collection> collections_;
  int64_t revision_ = 0;
  RecordPtr newest_;
  int64_t loaded_at_ = 0;  // revision of the last reset
  int64_t life_ = 0;       // +1 at every reset
  bool closed_ = false;
  Window window_;
  std::set<Resource> touched_;
  mutable std::deque<ObjectPtr> kept_;
};

}  // namespace gantry::store
