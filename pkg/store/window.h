#pragma once
// Window: the newest changes, kept so that watches can go on where they were.
#include <deque>
#include <map>
#include <optional>

#include "pkg/async/waiters.h"
#include "pkg/store/store.h"

namespace gantry::store {

struct WindowLimits {
  size_t changes_max = 16384;
  size_t bytes_max = 64 << 20;
  Duration age_max = std::chrono::minutes(10);
};

// Bounded by number, bytes and age over all resources together; the oldest goes first. A watch
// expires only when a change of its own resource was dropped before it was delivered.
class Window {
 public:
  explicit Window(WindowLimits limits) : limits_(limits) {}

  // Forgets everything; nothing up to `floor` can be delivered any more. Wakes all waiters.
  void reset(int64_t floor);
  void append(Change change, Time now);
  // Wakes those who wait for that resource.
  void wake(const Resource& resource);
  void wake_all(const Status& status);
  async::Waiters& waiters(const Resource& resource) { return logs_[resource].waiters; }

  // Changes after `revision` in that namespace (empty: all); nullopt when some are gone.
  std::optional<std::vector<Change>> after(const Resource& resource, const std::string& ns,
                                           int64_t revision) const;
  size_t size() const { return order_.size(); }

 private:
  struct Log {
    std::deque<Change> changes;
    int64_t dropped = 0;  // the newest revision that is gone
    async::Waiters waiters;
  };
  struct Entry {
    Resource resource;
    size_t bytes = 0;
    Time added;
  };
  void trim(Time now);
  WindowLimits limits_;
  std::map<Resource, Log> logs_;
  std::deque<Entry> order_;
  size_t bytes_ = 0;
  int64_t floor_ = 0;
};

}  // namespace gantry::store
