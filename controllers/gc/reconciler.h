#pragma once
// Reconciler: the garbage collector. Deletes what nobody owns any more, and lets owners go that
// wait for their dependents, or leave them behind.
#include <string>

#include "controllers/gc/owners.h"
#include "controllers/gc/plan.h"
#include "pkg/async/clock.h"
#include "pkg/runtime/controller.h"
#include "pkg/runtime/events.h"
#include "pkg/runtime/reconciler.h"
#include "pkg/store/store.h"

namespace gantry::controllers::gc {

struct Dependencies {
  store::Store& store;
  async::Clock& clock;
  runtime::EventRecorder& events;
};

// Looks at objects of every kind; a request is named "RESOURCE/NAME". It owns no kind: besides
// finalizers and ownerReferences it writes one condition, DeletionBlocked.
class Reconciler final : public runtime::Reconciler {
 public:
  explicit Reconciler(Dependencies dependencies) : the_(dependencies) {}
  Async<Result<runtime::Outcome>> reconcile(runtime::Request request) override;
  // Makes it watch every kind but Events. `controller` must outlive this.
  void connect(runtime::Controller& controller);

 private:
  std::vector<runtime::Request> concerned(const store::Change& change);
  Observed observe(const store::Object& object) const;
  Async<Status> take(store::ObjectPtr object, Step step);
  Async<Status> remove(store::ObjectPtr object, store::Dependents dependents);
  Async<Status> drop_owners(store::ObjectPtr object, std::vector<Uid> owners);
  Async<Status> orphan(const store::Object& owner, std::vector<store::Key> dependents);
  Async<Status> remove_finalizer(store::ObjectPtr object, std::string name);
  // When to look again at an object that is being deleted; says so once it takes long.
  Async<Result<runtime::Outcome>> report(store::ObjectPtr object, const Observed& observed);
  void tell(const store::Object& object, const std::string& reason, const std::string& message);

  Dependencies the_;
  runtime::Controller* controller_ = nullptr;
  Index index_;
};

}  // namespace gantry::controllers::gc
