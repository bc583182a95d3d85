#pragma once
// Controller: the loop around a Reconciler.
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pkg/async/clock.h"
#include "pkg/async/event.h"
#include "pkg/async/group.h"
#include "pkg/base/random.h"
#include "pkg/runtime/backoff.h"
#include "pkg/runtime/instruments.h"
#include "pkg/runtime/reconciler.h"
#include "pkg/runtime/verdict.h"
#include "pkg/runtime/work_queue.h"
#include "pkg/store/store.h"

namespace gantry::runtime {

// What every controller needs; outlives them.
struct Environment {
  store::Store& store;
  async::Clock& clock;
  Random& random;
  Instruments& instruments;
};

// Which objects of the controller's own kind a change of another kind's object is about.
using Mapping = std::function<std::vector<Request>(const store::Change&)>;
// Puts a request at the front of the queue, at once due.
using Enqueue = std::function<void(Request)>;
// Something outside the store that knows when objects must be looked at; runs until cancelled.
using Source = std::function<Async<Status>(Enqueue)>;

// Watches the kind it owns and what else it was told to, and calls the reconciler for what changed,
// for what asked to be looked at again, and for everything once per resync period. A change that
// touches only the status of an object of the owned kind is its own echo and is not looked at.
// Configure it, then run(); it may run again after it has ended.
class Controller {
 public:
  // `owns`: the one kind whose status it writes.
  Controller(std::string name, store::Resource owns, Reconciler& reconciler,
             Environment environment);
  // Owns no kind: its requests are what its mappings make them.
  Controller(std::string name, Reconciler& reconciler, Environment environment);
  Controller& watches(store::Resource resource, Mapping mapping);
  Controller& listens(std::string name, Source source);
  // For the reference page: kinds that its reconciler looks up besides those it watches, and kinds
  // whose objects it creates, changes or deletes besides its own.
  Controller& reads(std::vector<store::Resource> resources);
  Controller& writes(std::vector<store::Resource> resources);
  // How many objects at once; 1 unless told.
  Controller& with_concurrency(size_t count);
  Controller& with_resync(Duration period);

  // Until cancelled, or until stop() and the reconciles then under way have ended.
  Async<Status> run();
  // Takes no new work; what is under way goes on.
  void stop();

  const std::string& name() const { return name_; }
  const store::Resource& owns() const { return owns_; }  // empty: none
  // Watched besides its own.
  std::vector<store::Resource> inputs() const;
  std::vector<std::string> sources() const;
  const std::vector<store::Resource>& read() const { return reads_; }
  const std::vector<store::Resource>& written() const { return writes_; }
  void enqueue(const Request& request);
  const WorkQueue& queue() const { return queue_; }

 private:
  struct InWork;
  Async<Status> dispatch(async::Group& reconciles);
  Async<Status> reconcile_one(Request request);
  Async<Status> follow(store::Resource resource, Mapping mapping);
  Async<Status> deliver(store::Watch& watch, const Mapping& mapping);
  bool exists(const Request& request) const;
  void settle(const Request& request, const Verdict& verdict, const Status& status);
  Duration delay_of(const Request& request, const Verdict& verdict, const Status& status);
  void report(const Request& request, const Verdict& verdict, const Status& status);

  std::string name_;
  store::Resource owns_;
  Reconciler& reconciler_;
  Environment environment_;
  std::vector<std::pair<store::Resource, Mapping>> watches_;
  std::vector<std::pair<std::string, Source>> sources_;
  std::vector<store::Resource> reads_, writes_;
  size_t concurrency_ = 1;
  Duration resync_ = std::chrono::minutes(10);

  WorkQueue queue_;
  Backoff backoff_;
  std::map<Request, int> conflicts_;
  size_t running_ = 0;
  bool stopping_ = false;
  async::Event wake_;
};

// True when something other than the status and the store's own bookkeeping differs.
bool spec_or_metadata_changed(const store::Change& change);
// The object itself: the mapping of the owned kind.
std::vector<Request> same_object(const store::Change& change);
// The objects of `kind` that own the changed one, by its ownerReferences.
Mapping to_owner(std::string kind);

}  // namespace gantry::runtime
