#pragma once
// Cache: every object of the store as of one revision, and the watches on it.
#include <map>
#include <memory>
#include <set>

#include "pkg/store/backend.h"
#include "pkg/store/window.h"

namespace gantry::store {

// Always a state that the database has had: changes are applied in order and without a gap. Not
// thread-safe. Shared with its watches.
class Cache : public std::enable_shared_from_this<Cache> {
 public:
  explicit Cache(WindowLimits limits) : window_(limits) {}

  ObjectPtr find(const Key& key) const;  // null when there is none
  std::vector<ObjectPtr> list(const Resource& resource, const std::string& ns) const;
  int64_t revision() const { return revision_; }
  size_t size() const;

  // Replaces everything; all watches expire.
  void reset(const std::vector<ObjectPtr>& objects, int64_t revision);
  // The change that follows. Requires object->revision == revision() + 1. Watches learn of it at
  // the next publish().
  void apply(WriteType type, ObjectPtr object, Time now);
  void publish();
  // Ends all watches with kCancelled.
  void close();

  Result<std::unique_ptr<Watch>> watch(const Resource& resource, const std::string& ns,
                                       int64_t revision);

 private:
  friend class CacheWatch;
  using Names = std::map<std::pair<std::string, std::string>, ObjectPtr>;
  std::map<Resource, Names> objects_;
  int64_t revision_ = 0;
  int64_t life_ = 0;  // +1 at every reset
  bool closed_ = false;
  Window window_;
  std::set<Resource> touched_;
};

}  // namespace gantry::store
