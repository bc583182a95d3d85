// What an Appliance's reconciler does: one step, as the plan says.
#include <algorithm>
#include <variant>

#include "api/kinds.h"
#include "api/meta/seed.h"
#include "controllers/appliance/reconciler.h"
#include "pkg/base/text.h"
#include "pkg/schema/codec.h"
#include "pkg/store/finalizer.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::appliance {
namespace {

Plan now(Situation situation, std::string reason, const Status& why) {
  Plan plan;
  plan.situation = situation;
  plan.reason = std::move(reason);
  plan.message = message_of(why);
  plan.code = catalogue_code(why).value_or("");
  return plan;
}

}  // namespace

Async<Status> Reconciler::take(Run& run) {
  if (!run.plan.step) co_return Status();
  const auto next = *run.plan.step;
  auto taken = std::visit([this, &run](const auto& step) { return take_step(run, step); }, next);
  run.recheck = std::chrono::seconds(1);
  co_return co_await std::move(taken);
}

Async<Status> Reconciler::note_bridge(Run& run) {
  const auto& noted = run.before.status.bridges;
  const bool is_noted = std::ranges::any_of(
      noted, [&run](const auto& bridge) { return bridge.node == run.facts.node->get(); });
  if (is_noted) co_return Status();
  auto object = run.before;
  object.metadata.resource_version.clear();
  object.status.bridges = run.appliance.status.bridges;
  const auto written = co_await store::update_status(d_.store, kAppliances, object);
  co_return written.status();
}

Async<Status> Reconciler::take_step(Run& run, const ChangeBridge& step) {
  GANTRY_CO_TRY(co_await note_bridge(run));
  const auto& bridge = run.appliance.spec.network.bridge;
  const auto& uid = run.appliance.metadata.uid;
  auto& writer = run.cluster->writer;
  Status done;
  if (std::holds_alternative<CreateBridge>(step.step)) {
    done = co_await writer.create_bridge(step.node, bridge, uid);
  } else if (std::holds_alternative<DeleteBridge>(step.step)) {
    done = co_await writer.delete_bridge(step.node, bridge, uid);
  } else {
    done = co_await writer.apply_bridge(step.node, bridge);
  }
  if (done.ok()) co_return Status();
  if (error_class(done) == ErrorClass::permission) {
    run.facts.bridge_error = done;
    run.plan = plan(run.appliance, run.facts);
    run.plan.step.reset();
  } else if (error_class(done) == ErrorClass::held) {
    run.plan = now(Situation::held, "Held", done);
  } else {
    run.plan = now(Situation::waiting, "BridgeMissing", done);
  }
  co_return Status();
}

Async<Status> Reconciler::take_step(Run& run, const CreateMachine& step) {
  Json machine = schema::encode(step.machine);
  api::meta::seed_status(*api::find_by_resource(kMachines), machine, d_.clock.now());
  const auto made = co_await d_.store.create(kMachines, std::move(machine));
  if (made.ok() || error_class(made.status()) == ErrorClass::already_exists) co_return Status();
  run.plan = now(Situation::stalled, "MachineRefused", made.status());
  co_return error_class(made.status()) == ErrorClass::invalid ? Status() : made.status();
}

Async<Status> Reconciler::take_step(Run&, const UpdateMachine& step) {
  const auto made =
      co_await d_.store.update(kMachines, store::Part::main, schema::encode(step.machine));
  co_return made.status();
}

Async<Status> Reconciler::take_step(Run& run, const DeleteMachine&) {
  store::Precondition same;
  same.uid = run.facts.machine->metadata.uid;
  store::Key key{kMachines, run.request.ns, run.facts.machine->metadata.name};
  const auto removed = co_await d_.store.remove(key, store::Removal(same));
  const bool gone = !removed.ok() && error_class(removed.status()) == ErrorClass::not_found;
  co_return gone ? Status() : removed.status();
}

Async<Status> Reconciler::take_step(Run& run, const AddFinalizer&) {
  co_return co_await set_finalizer(run, true);
}

Async<Status> Reconciler::take_step(Run& run, const RemoveFinalizer&) {
  co_return co_await set_finalizer(run, false);
}

Async<Status> Reconciler::set_finalizer(const Run& run, bool wanted) {
  store::Key key{kAppliances, run.request.ns, run.request.name};
  return store::set_finalizer(d_.store, std::move(key), kFinalizer, wanted, "");
}

}  // namespace gantry::controllers::appliance
