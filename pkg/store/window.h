#pragma once
// Window: the newest changes, kept so that watches can go on where they were.
#include <deque>
#include <list>
#include <map>
#include <optional>

#include "pkg/async/event.h"
#include "pkg/store/reader.h"

namespace gantry::store {

struct WindowLimits {
  size_t changes_max = 16384;
  size_t bytes_max = 32 << 20;  // of texts, also of what was there before
  Duration age_max = std::chrono::minutes(10);
};

// Bounded by number, bytes and age over all resources together; the oldest goes first. A watch
// expires only when a change of its own resource was dropped before it was delivered.
class Window {
 public:
  explicit Window(WindowLimits limits) : limits_(limits) {}

  // Forgets everything; nothing up to `floor` can be delivered any more. Wakes all listeners.
  void reset(int64_t floor);
  void append(RecordChange change, Time now);
  // Drops what is too old; append() does it too.
  void trim(Time now);
  // Somebody who is told that something may have happened to a resource, by set().
  using Listeners = std::list<async::Event*>;
  Listeners::iterator add_listener(const Resource& resource, async::Event& event);
  void remove_listener(const Resource& resource, Listeners::iterator at);
  void wake(const Resource& resource);
  void wake_all();

  // Changes after `revision` in that namespace (empty: all), the oldest `limit` of them; nullopt
  // when some are gone.
  std::optional<std::vector<RecordChange>> after(const Resource& resource, const std::string& ns,
                                                 int64_t revision, size_t limit) const;
  // Whether after() would find them all.
  bool covers(const Resource& resource, int64_t revision) const;
  // Whether something follows `revision` in that namespace. Requires covers().
  bool anything_after(const Resource& resource, const std::string& ns, int64_t revision) const;
  // The revision of the newest change of the resource; 0 when none is known.
  int64_t newest(const Resource& resource) const;
  size_t size() const { return order_.size(); }

 private:
  struct Log {
    std::deque<RecordChange> changes;
    int64_t dropped = 0;  // the newest revision that is gone
    int64_t newest = 0;
    Listeners listeners;
  };
  struct Entry {
    Resource resource;
    size_t bytes = 0;
    Time added;
  };
  const Log* find(const Resource& resource) const;
  static std::deque<RecordChange>::const_iterator begin_after(const Log& log, int64_t revision);

  WindowLimits limits_;
  std::map<Resource, Log> logs_;
  std::deque<Entry> order_;
  size_t bytes_ = 0;
  int64_t floor_ = 0;
};

}  // namespace gantry::store
