#pragma once
// Backend: where objects are durable. Drivers: pkg/store/postgres, pkg/store/memory.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pkg/async/async.h"
#include "pkg/store/store.h"

namespace gantry::store {

enum class WriteType { put, erase };

// One compare-and-set of a row.
struct Write {
  WriteType type = WriteType::put;
  Key key;
  Uid uid;
  int64_t expected_revision = 0;  // 0: must not exist
  std::string text;               // the object without resourceVersion; for erase its last state
};

// A row of the change feed.
struct FeedEntry {
  int64_t revision = 0;
  WriteType type = WriteType::put;
  Key key;
  Uid uid;
  std::string text;
  // Of changes only: what was there before; text empty when nothing was.
  int64_t previous_revision = 0;
  std::string previous;
};

// A part of the change feed that is about one resource.
struct FeedPart {
  std::vector<FeedEntry> entries;
  int64_t through = 0;  // nothing else happened to that resource up to here
};

struct Loaded {
  std::vector<FeedEntry> objects;  // every live object, revision = its own
  int64_t revision = 0;            // of the store
  int64_t oldest_change = 0;       // the feed reaches back to here
  // The change that made `revision`, an erase too; nullopt when the feed does not reach back to it.
  std::optional<FeedEntry> newest;
};

// The text that a row shall have instead; nullopt leaves it as it is.
using Rewrite = std::function<Result<std::optional<std::string>>(const FeedEntry&)>;

// Errors: Transport or Timeout when the database cannot be reached (the effect is then unknown),
// Held when fenced off. Revisions are dense: each committed write has the next number, and a
// transaction that fails uses none up.
class Backend {
 public:
  virtual ~Backend() = default;
  // Commits all that pass their check in one transaction, in this order. One answer a write: its
  // new revision, or Conflict / NotFound / AlreadyExists. An error of the whole is Transport.
  virtual Async<Result<std::vector<Result<int64_t>>>> commit(std::vector<Write> writes) = 0;
  virtual Async<Result<Loaded>> load() = 0;
  // The feed after `revision`, oldest first, at most `limit`, without a gap. expired() when the
  // feed does not reach back that far, or when the store itself is older than `revision` (a
  // restored backup).
  virtual Async<Result<std::vector<FeedEntry>>> changes_since(int64_t revision, int limit) = 0;
  // Of the feed after `revision` the entries of one resource, oldest first, at most `limit` (and
  // about 4 MiB), with what was there before. through == revision: there is nothing more. expired()
  // as for changes_since().
  virtual Async<Result<FeedPart>> changes_of(Resource resource, int64_t revision, int limit) = 0;
  // Waits until another process may have written, or `timeout` has passed.
  virtual Async<Status> wait_for_change(Duration timeout) = 0;
  // Gives rows and feed entries of a collection other texts, in place: no revision, no
  // notification, all or nothing. For changes of how a text is written down, not of what it says.
  // Answers how many. An error of `rewrite`, which may run on another thread, is the answer.
  virtual Async<Result<int64_t>> rewrite(Resource resource, Rewrite rewrite) = 0;
};

}  // namespace gantry::store
