// Snapshots on Proxmox: what comes of it is said in status.snapshots, and never of the Machine.
#include "controllers/machine/ledger.h"
#include "controllers/machine/reconciler.h"
#include "controllers/machine/snapshots.h"

namespace gantry::controllers::machine {

void Reconciler::snapshot_begun(Run& run, const std::string& name, const Result<Upid>& task) {
  auto plan = run.plan;
  started(run, steps::kSnapshot, task);
  if (!task.ok() && state_of(run.machine.status, name) == api::v1alpha1::SnapshotState::pending)
    note_snapshot(run.machine.status, name, run.plan.message);
  plan.recheck = run.plan.recheck;
  run.plan = std::move(plan);
}

namespace {

// Each snapshot is a matter of its own: one that went well makes the next wait for nothing.
void begin_anew(api::v1alpha1::MachineStatus& status) {
  if (is_step(status, steps::kSnapshot, StepState::done))
    reset_step(status, steps::kSnapshot, true);
}

}  // namespace

Async<Status> Reconciler::take_action(Run& run, const TakeSnapshot& action) {
  const auto name = action.name;
  begin_anew(run.machine.status);
  GANTRY_CO_TRY(co_await announce(run, steps::kSnapshot));
  const auto text = "taken by Gantry for Machine " + runtime::to_string(run.request);
  const auto task = co_await run.cluster->writer.take_snapshot(
      run.world.guest.node, run.world.row->vmid, run.machine.metadata.uid, name, text);
  snapshot_begun(run, name, task);
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const RemoveSnapshot& action) {
  const auto name = action.name;
  begin_anew(run.machine.status);
  GANTRY_CO_TRY(co_await announce(run, steps::kSnapshot));
  const auto task = co_await run.cluster->writer.delete_snapshot(
      run.world.guest.node, run.world.row->vmid, run.machine.metadata.uid, name);
  snapshot_begun(run, name, task);
  co_return Status();
}

}  // namespace gantry::controllers::machine
