// What the reconciler does: one function an action.
#include "controllers/machine/desired.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "controllers/machine/reconciler.h"
#include "controllers/machine/refusal.h"
#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "pkg/pve/upid.h"
#include "pkg/schema/codec.h"
#include "pkg/store/finalizer.h"

namespace gantry::controllers::machine {
namespace {

namespace placement = inventory::placement;

store::VmidRange range_of(const Machine& machine, const inventory::Cluster& cluster) {
  if (machine.spec.vmid.has_value()) return {*machine.spec.vmid, *machine.spec.vmid};
  return {cluster.spec.vmid_range.start, cluster.spec.vmid_range.end};
}

// Ids that guests have, or that a running task names: what it makes may not be seen yet.
std::vector<VmId> taken_of(const inventory::Snapshot& snapshot) {
  std::vector<VmId> taken;
  for (const auto& [vmid, row] : snapshot.guests) taken.push_back(vmid);
  for (const auto& task : snapshot.running_tasks) {
    if (const auto vmid = pve::guest_of(task)) taken.push_back(*vmid);
  }
  return taken;
}

std::string owner_text(const Machine& machine) {
  return machine.metadata.ns + "/" + machine.metadata.name;
}

}  // namespace

Async<Status> Reconciler::take(Run& run) {
  if (run.plan.is_repair) count_repair(run);
  // std::visit cannot be awaited with a capturing lambda in one statement (g++ 12).
  auto action = run.plan.action;
  auto taken = std::visit([this, &run](const auto& a) { return take_action(run, a); }, action);
  co_return co_await std::move(taken);
}

Async<Status> Reconciler::take_action(Run&, const Nothing&) {
  co_return Status();
}

Async<Status> Reconciler::announce(Run& run, const std::string& step) {
  auto& record = begin_step(run.machine.status, step, run.world.now);
  // The create step keeps its last UPID: that task is not the one we are about to start.
  if (step != steps::kCreate) record.upid.clear();
  run.machine.status.step = step;
  census_.change(run.machine.metadata.uid,
                 [this](CensusEntry& entry) { entry.called_at = the_.clock.steady(); });
  co_return co_await write_status(run);
}

void Reconciler::started(Run& run, const std::string& step, const Result<Upid>& task) {
  if (!task.ok()) {
    failed(run, step, task.status());
    return;
  }
  run.machine.status.upid = task->get();
  for (auto& record : run.machine.status.steps) {
    if (record.name == step) record.upid = task->get();
  }
  run.plan.recheck = kPollTask;
  run.cluster->inventory.poke();
}

void Reconciler::lost(Run& run, const std::string& step, const Status& why) {
  // The ledger goes on saying "running": asked, answer unknown.
  run.plan = wait(step, "AnswerLost", message_of(why), kLookAgain);
}

void Reconciler::failed(Run& run, const std::string& step, const Status& why) {
  auto drifts = std::move(run.plan.drifts);
  auto class_change = std::move(run.plan.class_change);
  if (!is_clean_refusal(why)) {
    lost(run, step, why);
  } else if (error_class(why) == ErrorClass::held) {
    reset_step(run.machine.status, step, false);
    run.plan = refused(step, why);
  } else if (error_class(why) == ErrorClass::locked || error_class(why) == ErrorClass::conflict ||
             error_class(why) == ErrorClass::overload) {
    // Nobody's fault, and nothing was done: not an attempt that failed.
    const bool is_full = error_class(why) == ErrorClass::overload;
    reset_step(run.machine.status, step, false);
    run.plan = wait(step, is_full ? placement::kThrottled : "Locked", message_of(why), kLookAgain);
  } else {
    fail_step(run.machine.status, step, run.world.now, message_of(why));
    const auto diagnosis = explain_refusal(why, run.world);
    run.plan = wait(step, diagnosis.reason, diagnosis.message, kLookAgain);
    run.plan.code = diagnosis.code;
  }
  run.plan.drifts = std::move(drifts);
  run.plan.class_change = std::move(class_change);
  log::info("step not taken",
            {{"machine", runtime::to_string(run.request)}, {"step", step}, {"error", why}});
}

Async<Status> Reconciler::take_action(Run& run, const Create&) {
  auto found = find_place(run);
  if (auto* none = std::get_if<placement::NoPlace>(&found)) {
    run.plan = none->passes ? wait(steps::kCreate, none->reason, none->message, kLookAgain)
                            : stall(steps::kCreate, none->reason, none->message, none->code);
    run.plan.code = none->code;
    co_return Status();
  }
  auto place = std::get<placement::Place>(std::move(found));
  co_return co_await create_at(run, std::move(place));
}

Async<Status> Reconciler::create_at(Run& run, placement::Place place) {
  const auto& uid = run.machine.metadata.uid;
  census_.change(uid, [&place](CensusEntry& entry) {
    entry.node = place.node;
    entry.creating = true;
    entry.creating_on = place.storage;
    entry.calling = true;
  });
  const auto announced = co_await announce(run, steps::kCreate);
  if (!announced.ok()) {
    census_.change(uid, [](CensusEntry& entry) { entry.calling = false; });
    co_return announced;
  }
  const auto vmid = run.world.row->vmid;
  auto parameters = place.source.golden.has_value()
                        ? clone_parameters(run.machine, run.world.pool, place.storage.get())
                        : create_parameters(run.machine, *run.shape, run.world.pool,
                                            place.storage.get(), place.source.volid);
  Result<Upid> task = internal("not called");
  if (place.source.golden.has_value()) {
    task = co_await run.cluster->writer.clone_guest(place.node, *place.source.golden, vmid, uid,
                                                    parameters);
  } else {
    task = co_await run.cluster->writer.create_guest(place.node, vmid, uid, parameters);
  }
  census_.change(uid, [](CensusEntry& entry) { entry.calling = false; });
  if (task.ok()) {
    run.plan.message += ": " + place.message;
    tell_choice(run, place);
    GANTRY_CO_TRY(co_await the_.guests.set_create_task(run.cluster_name, vmid, uid, *task));
    run.world.row->create_task = *task;
  }
  // The id was free a moment ago, so that it may be our own call, executed twice, that has taken
  // it; and the task of a clone, which names its source, cannot be found by the id that it makes.
  const bool may_be_ours =
      place.source.golden.has_value() && error_class(task.status()) == ErrorClass::already_exists;
  if (may_be_ours) {
    lost(run, steps::kCreate, task.status());
  } else {
    started(run, steps::kCreate, task);
  }
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const Configure& action) {
  begin_step(run.machine.status, steps::kConfigure, run.world.now);
  const auto done = co_await run.cluster->writer.configure_guest(
      run.world.guest.node, run.world.row->vmid, run.machine.metadata.uid, action.set,
      action.remove);
  if (done.ok()) {
    finish_step(run.machine.status, steps::kConfigure, run.world.now, run.plan.message);
    run.plan.recheck = std::chrono::seconds(1);
  } else {
    failed(run, steps::kConfigure, done);
  }
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const Resize& action) {
  GANTRY_CO_TRY(co_await announce(run, steps::kConfigure));
  const auto task =
      co_await run.cluster->writer.resize_guest(run.world.guest.node, run.world.row->vmid,
                                                run.machine.metadata.uid, action.disk, action.size);
  started(run, steps::kConfigure, task);
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const Migrate& action) {
  const bool restart = run.world.guest.status->running;
  GANTRY_CO_TRY(co_await announce(run, steps::kMove));
  const auto task = co_await run.cluster->writer.migrate_guest(
      run.world.guest.node, run.world.row->vmid, run.machine.metadata.uid, action.target, restart);
  started(run, steps::kMove, task);
  // A refused call disturbs nobody.
  if (restart && !task.ok() && is_clean_refusal(task.status())) {
    run.machine.status.repairs.pop_back();
  }
  if (task.ok() || error_class(task.status()) != ErrorClass::permission) co_return Status();
  const auto text =
      absl::StrFormat("%s cannot be moved to %s: %s", guest_text(run.world), action.target.get(),
                      explain_refusal(task.status(), run.world).message);
  fail_step(run.machine.status, steps::kMove, run.world.now, text);
  run.plan.situation = Situation::held;
  run.plan.reason = "MoveFailed";
  run.plan.message = text;
  run.plan.code = "CON-004";
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const Start&) {
  GANTRY_CO_TRY(co_await announce(run, steps::kStart));
  const auto task = co_await run.cluster->writer.start_guest(
      run.world.guest.node, run.world.row->vmid, run.machine.metadata.uid);
  started(run, steps::kStart, task);
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const Shutdown&) {
  GANTRY_CO_TRY(co_await announce(run, steps::kStop));
  const auto task = co_await run.cluster->writer.shutdown_guest(
      run.world.guest.node, run.world.row->vmid, run.machine.metadata.uid, kShutdownGrace);
  started(run, steps::kStop, task);
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const Stop&) {
  GANTRY_CO_TRY(co_await announce(run, steps::kStop));
  const auto task = co_await run.cluster->writer.stop_guest(
      run.world.guest.node, run.world.row->vmid, run.machine.metadata.uid);
  started(run, steps::kStop, task);
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const Destroy&) {
  GANTRY_CO_TRY(co_await announce(run, steps::kDestroy));
  const pve::DestroyOptions options;
  const auto task = co_await run.cluster->writer.destroy_guest(
      run.world.guest.node, run.world.row->vmid, run.machine.metadata.uid, options);
  started(run, steps::kDestroy, task);
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const RemoveUnfinished&) {
  // The forced command proves that it is what that task of ours left; the gate is ours to ask.
  auto removed = run.cluster->gate(true);
  if (removed.ok()) {
    guest::Target target;
    target.node = run.world.guest.node;
    target.vmid = run.world.row->vmid;
    auto task = *run.world.row->create_task;
    removed = co_await run.cluster->channel->unlock(std::move(target), std::move(task));
  }
  if (!removed.ok()) {
    const Case the{run.machine, run.shape_or_null(), run.world};
    run.plan = error_class(removed) == ErrorClass::held ? refused(steps::kCreate, removed)
                                                        : hold_unfinished(the, message_of(removed));
    co_return Status();
  }
  // Whether the id is free now, the next look must prove.
  run.plan.message += ": done";
  run.plan.recheck = std::chrono::seconds(1);
  run.cluster->inventory.poke();
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const AddFinalizer&) {
  co_return co_await set_finalizer(run, true);
}

Async<Status> Reconciler::take_action(Run& run, const RemoveFinalizer&) {
  GANTRY_CO_TRY(co_await set_finalizer(run, false));
  census_.forget(run.machine.metadata.uid);
  co_return Status();
}

Async<Status> Reconciler::set_finalizer(const Run& run, bool wanted) {
  store::Key key{kMachines, run.request.ns, run.request.name};
  return store::set_finalizer(the_.store, std::move(key), kFinalizer, wanted, "");
}

Async<Status> Reconciler::take_action(Run& run, const Reserve&) {
  auto row = co_await the_.guests.reserve(
      run.cluster_name, run.machine.metadata.uid, owner_text(run.machine),
      range_of(run.machine, *run.cluster), taken_of(*run.world.snapshot),
      run.cluster->spec.vmid_quarantine);
  if (!row.ok() && error_class(row.status()) == ErrorClass::overload) {
    run.plan = stall(steps::kReserve, "NoFreeVMID", message_of(row.status()));
    co_return Status();
  }
  if (!row.ok()) co_return row.status();
  run.machine.status.vmid = row->vmid.get();
  finish_step(run.machine.status, steps::kReserve, run.world.now,
              absl::StrFormat("VMID %d", row->vmid.get()));
  run.plan.recheck = std::chrono::seconds(1);
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const Adopt& action) {
  auto row = co_await the_.guests.adopt(run.cluster_name, action.vmid, run.machine.metadata.uid,
                                        owner_text(run.machine));
  if (!row.ok()) failed(run, steps::kReserve, row.status());
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const NoteCreateTask& action) {
  const auto vmid = run.world.row->vmid;
  GANTRY_CO_TRY(co_await the_.guests.set_create_task(run.cluster_name, vmid,
                                                     run.machine.metadata.uid, action.task));
  for (auto& step : run.machine.status.steps) {
    if (step.name == steps::kCreate) step.upid = action.task.get();
  }
  run.machine.status.upid = action.task.get();
  run.plan.recheck = std::chrono::seconds(1);
  co_return Status();
}

void Reconciler::count_repair(Run& run) {
  auto& repairs = run.machine.status.repairs;
  const auto an_hour_ago = run.world.now - std::chrono::hours(1);
  std::erase_if(repairs, [an_hour_ago](Time repaired) { return repaired < an_hour_ago; });
  repairs.emplace_back(std::chrono::floor<std::chrono::seconds>(run.world.now));
  census_.change(run.machine.metadata.uid, [&run, &repairs](CensusEntry& entry) {
    entry.repairs = repairs;
    entry.repaired_on = NodeName(run.machine.status.node);
  });
}

Async<Status> Reconciler::take_action(Run& run, const ForgetCreate& action) {
  GANTRY_CO_TRY(co_await the_.guests.clear_create_task(run.cluster_name, run.world.row->vmid,
                                                       run.machine.metadata.uid));
  auto& status = run.machine.status;
  reset_step(status, steps::kCreate, action.is_repair);
  for (const char* step :
       {steps::kConfigure, steps::kStart, steps::kNetwork, steps::kBootstrap, steps::kReady}) {
    reset_step(status, step, true);
  }
  status.node.clear();
  run.plan.recheck = std::chrono::seconds(1);
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const Renumber&) {
  auto row = co_await the_.guests.renumber(
      run.cluster_name, run.machine.metadata.uid, range_of(run.machine, *run.cluster),
      taken_of(*run.world.snapshot), run.cluster->spec.vmid_quarantine);
  if (!row.ok() && error_class(row.status()) == ErrorClass::overload) {
    run.plan = stall(steps::kReserve, "NoFreeVMID", message_of(row.status()));
    co_return Status();
  }
  if (!row.ok()) co_return row.status();
  reset_step(run.machine.status, steps::kCreate, true);
  run.machine.status.vmid = row->vmid.get();
  run.plan.recheck = std::chrono::seconds(1);
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const Release&) {
  GANTRY_CO_TRY(co_await the_.guests.release(run.cluster_name, run.world.row->vmid,
                                             run.machine.metadata.uid));
  finish_step(run.machine.status, run.plan.step, run.world.now, run.plan.message);
  run.plan.recheck = std::chrono::seconds(1);
  co_return Status();
}

}  // namespace gantry::controllers::machine
