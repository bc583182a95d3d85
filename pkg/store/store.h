#pragma once
// Store: every object of the API, with the semantics that Kubernetes clients rely on.
//
// Writes go to a Backend (PostgreSQL, memory) that commits in groups; reads and watches come from
// an in-memory cache of already serialised objects. Nothing that was acknowledged is lost.
#include <any>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/async/async.h"
#include "pkg/base/ids.h"
#include "pkg/base/json.h"
#include "pkg/base/time.h"

namespace gantry::store {

// Which collection: "apps.gantry.dev", "secrets" (core has no group). See meta::Kind::resource().
using Resource = std::string;

struct Key {
  Resource resource;
  std::string ns;  // empty for cluster-scoped kinds
  std::string name;
  auto operator<=>(const Key&) const = default;
};
// "apps.gantry.dev default/hello"
std::string to_string(const Key& key);

// kFailedPrecondition "expired: …": what was asked for is older than what is kept; list again.
Status expired(std::string_view what);
bool is_expired(const Status& status);

struct Record;  // record.h: one stored version as bytes
using RecordPtr = std::shared_ptr<const Record>;

// One stored version of an object as a value; shared, never changed.
struct Object {
  Key key;
  Uid uid;
  int64_t revision = 0;         // metadata.resourceVersion
  Json value;                   // the whole object, resourceVersion included
  RecordPtr record;             // the same as bytes
  mutable std::any typed = {};  // the same as a type of api/, once somebody has asked: typed.h
};
using ObjectPtr = std::shared_ptr<const Object>;

struct List {
  std::vector<ObjectPtr> items;  // by namespace, then name
  int64_t revision = 0;          // of the whole store when the list was taken
};

enum class ChangeType { added, modified, deleted };
struct Change {
  ChangeType type = ChangeType::added;
  ObjectPtr object;    // for deleted: the last state, with the revision of the deletion
  ObjectPtr previous;  // null for added
};

// What a watcher is told, in order of revision; one object's changes may not be skipped.
class Watch {
 public:
  virtual ~Watch() = default;
  // At least one change, as many as there are. kCancelled; kFailedPrecondition "expired" when the
  // watcher fell behind the window and must list again.
  virtual Async<Result<std::vector<Change>>> next() = 0;
  // Everything up to here has been delivered by next().
  virtual int64_t revision() const = 0;
};

class Reader;  // reader.h: what the API server reads, without decoding anything

struct Precondition {
  std::optional<Uid> uid;
  std::optional<int64_t> revision;
};

// What becomes of the objects that name a deleted one as their owner.
enum class Dependents {
  unsaid,      // as an earlier delete has said, else as background
  background,  // deleted once it is gone
  foreground,  // deleted before it goes (finalizer foregroundDeletion)
  orphan,      // kept, without their owner (finalizer orphan)
};
struct Removal {
  Precondition precondition;
  Dependents dependents = Dependents::unsaid;

  Removal() = default;
  Removal(Precondition only)
      : precondition(std::move(only)) {}  // NOLINT(google-explicit-constructor)
};
inline constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";
inline constexpr std::string_view kOrphanFinalizer = "orphan";

// What a writer may change.
enum class Part {
  main,    // everything but status; generation +1 when the spec changed
  status,  // status only
  whole,   // both at once, for controllers that own the object (generation as for main)
};

// One per process. Not thread-safe: all calls come from the loop's thread.
// Errors of writes: NotFound, AlreadyExists, Conflict ("the object has been modified"), Invalid
// (name, finalizer rules), Transport with retry_after when the database is gone: then nothing was
// acknowledged, and the write may or may not have happened.
class Store {
 public:
  virtual ~Store() = default;

  // Creates the object: sets uid, creationTimestamp, generation 1, resourceVersion, and
  // name from generateName. The status is kept as given.
  virtual Async<Result<ObjectPtr>> create(Resource resource, Json object) = 0;
  // Replaces a part. metadata.resourceVersion in `object`, when present, must be the current one.
  // metadata.managedFields stays as it is when `object` has none, whatever the part.
  // An object that does not change keeps its revision. Removing the last finalizer of an object
  // that is being deleted removes it (the answer is then its last state).
  virtual Async<Result<ObjectPtr>> update(Resource resource, Part part, Json object) = 0;
  // Deletes: with finalizers sets deletionTimestamp and answers the object; without removes it.
  virtual Async<Result<ObjectPtr>> remove(Key key, Removal removal) = 0;

  // Waits until the cache holds everything that was committed before this call, by whomever: what
  // it then does not show does not exist. Transport or Timeout when the database cannot be asked.
  virtual Async<Status> sync() = 0;

  // From the cache.
  virtual Result<ObjectPtr> get(const Key& key) const = 0;
  // `ns` empty: all namespaces.
  virtual List list(const Resource& resource, const std::string& ns) const = 0;
  // Changes after `revision` (0: the current state as added, then changes). kFailedPrecondition
  // "expired" when that is older than the window.
  virtual Result<std::unique_ptr<Watch>> watch(const Resource& resource, const std::string& ns,
                                               int64_t revision) = 0;
  virtual Reader& reader() = 0;
  // The newest revision in the cache.
  virtual int64_t revision() const = 0;
  // OK, or why the cache may be behind (database gone), with since when in its message.
  virtual Status health() const = 0;
};

}  // namespace gantry::store
