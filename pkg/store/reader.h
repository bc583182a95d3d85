#pragma once
// Reader: the store as the API server reads it: records, pages, states of the past, watches that
// survive a restart. Nothing is decoded.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pkg/store/collection.h"
#include "pkg/store/selector.h"

namespace gantry::store {

struct Query {
  Resource resource;
  std::string ns;  // empty: all namespaces
  Selector selector;
};

// A part of a list: what comes beyond `after`, at most `limit` (0: all).
struct PageOf {
  Place after;
  size_t limit = 0;
};

struct Page {
  std::vector<RecordPtr> items;  // by namespace, then name
  int64_t revision = 0;          // of the whole store: the state that this is a part of
  size_t remaining = 0;          // objects that match beyond the last item
};

struct RecordChange {
  ChangeType type = ChangeType::added;
  RecordPtr record;    // for deleted: the last state, with the revision of the deletion
  RecordPtr previous;  // null for added
};

// As Watch, in records.
class RecordWatch {
 public:
  virtual ~RecordWatch() = default;
  // At least one change and at most `limit`; none after interrupt(). Errors as Watch::next().
  virtual Async<Result<std::vector<RecordChange>>> next(size_t limit) = 0;
  // Ends the wait that is going on, or else the next one.
  virtual void interrupt() = 0;
  virtual int64_t revision() const = 0;
};

class Reader {
 public:
  virtual ~Reader() = default;

  virtual RecordPtr find(const Key& key) const = 0;  // null when there is none
  // The newest revision that can be read.
  virtual int64_t revision() const = 0;
  // The revision of the newest change of a collection; a list stays the same while it does. 0 when
  // none is known.
  virtual int64_t changed_at(const Resource& resource) const = 0;

  // The current state. See Collection::select for its cost.
  virtual Page list(const Query& query, const PageOf& part) const = 0;
  // The state at `revision` (≤ revision()): the current one, less what has changed since, from the
  // window or else from the database's feed. O(current + changes since). expired() when the
  // changes are not kept that far back, or are more than kPastChangesMax.
  virtual Async<Result<Page>> list_at(Query query, PageOf part, int64_t revision) = 0;
  // Changes after `revision` (≤ revision()), however long ago as the feed is kept. expired()
  // beyond. `ns` empty: all namespaces.
  virtual Async<Result<std::unique_ptr<RecordWatch>>> watch(Resource resource, std::string ns,
                                                            int64_t revision) = 0;
};

// How far list_at() goes back, so that no client can make us read for long.
inline constexpr size_t kPastChangesMax = 20'000;

}  // namespace gantry::store
