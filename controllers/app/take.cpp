// What the App reconciler writes: one function a step.
#include "api/kinds.h"
#include "api/meta/seed.h"
#include "controllers/app/reconciler.h"
#include "pkg/schema/codec.h"
#include "pkg/store/finalizer.h"

namespace gantry::controllers::app {

Async<Result<bool>> Reconciler::take_step(const App& app, const std::vector<Machine>& machines,
                                          bool may_retire, std::string& blocked) {
  auto step = plan(app, machines, blocked, may_retire);
  if (!step || std::holds_alternative<Await>(*step)) co_return false;
  auto taken = std::visit([&](auto& each) { return take(app, std::move(each)); }, *step);
  const Status done = co_await std::move(taken);
  if (!done.ok()) co_return done;
  co_return true;
}

Async<Status> Reconciler::take(const App& app, AddFinalizer) {
  co_return co_await set_finalizer(app, true);
}

Async<Status> Reconciler::take(const App& app, RemoveFinalizer) {
  GANTRY_CO_TRY(co_await forget_revisions(app, 0));
  co_return co_await set_finalizer(app, false);
}

Async<Status> Reconciler::set_finalizer(const App& app, bool wanted) {
  store::Key key{kApps, app.metadata.ns, app.metadata.name};
  return store::set_finalizer(d_.store, std::move(key), kFinalizer, wanted, "");
}

Async<Status> Reconciler::take(const App&, Await) {
  co_return Status();
}

Async<Status> Reconciler::take(const App& app, CreateMachine step) {
  const auto name = step.machine.metadata.name;
  Json machine = schema::encode(step.machine);
  api::meta::seed_status(*api::find_by_resource(kMachines), machine, d_.clock.now());
  auto created = co_await d_.store.create(kMachines, std::move(machine));
  if (!created.ok()) co_return created.status();
  tell(app, "MachineCreated", "created Machine " + name, runtime::EventType::normal);
  co_return Status();
}

Async<Status> Reconciler::take(const App& app, UpdateMachine step) {
  const store::Key key{kMachines, step.machine.metadata.ns, step.machine.metadata.name};
  GANTRY_CO_TRY_ASSIGN(const auto object, d_.store.get(key));
  Json value = object->value;
  value.set("spec", *schema::encode(step.machine).find("spec"));
  auto written = co_await d_.store.update(kMachines, store::Part::main, std::move(value));
  if (!written.ok()) co_return written.status();
  tell(app, "MachineUpdated", "changed Machine " + key.name, runtime::EventType::normal);
  co_return Status();
}

Async<Status> Reconciler::take(const App& app, DeleteMachine step) {
  const store::Key key{kMachines, app.metadata.ns, step.name};
  const auto object = d_.store.get(key);
  if (!object.ok()) co_return Status();
  // As it was looked at: a container that it has got since may hold data.
  const store::Precondition same{(*object)->uid, (*object)->revision};
  auto removed = co_await d_.store.remove(key, same);
  const bool gone = !removed.ok() && error_class(removed.status()) == ErrorClass::not_found;
  if (!removed.ok() && !gone) co_return removed.status();
  tell(app, "MachineDeleted", "deleted Machine " + step.name, runtime::EventType::normal);
  co_return Status();
}

}  // namespace gantry::controllers::app
