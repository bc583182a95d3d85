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

Async<Status> Reconciler::take_action(Run& run, const BackUp& action) {
  const auto storage = action.storage;
  GANTRY_CO_TRY(co_await announce(run, steps::kBackup));
  const auto notes = "{{guestname}}: kept by Gantry before restore " + run.machine.spec.restore->id;
  const auto task = co_await run.cluster->writer.back_up_guest(
      run.world.guest.node, run.world.row->vmid, run.machine.metadata.uid, storage, notes);
  started(run, steps::kBackup, task);
  co_return Status();
}

// From here on it may be done, whatever becomes of us.
Async<Status> Reconciler::take_action(Run& run, const RollBack& action) {
  const auto snapshot = action.snapshot;
  auto& restore = *run.machine.status.restore;
  restore.state = api::v1alpha1::RestoreState::rolling_back;
  restore.safety = action.safety;
  GANTRY_CO_TRY(co_await announce(run, steps::kRestore));
  const auto task = co_await run.cluster->writer.roll_back_guest(
      run.world.guest.node, run.world.row->vmid, run.machine.metadata.uid, snapshot);
  started(run, steps::kRestore, task);
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const NoteRestore& action) {
  using api::v1alpha1::RestoreState;
  auto& status = run.machine.status;
  status.restore = action.status;
  if (action.status.state == RestoreState::preparing) {
    for (const char* step : {steps::kSnapshot, steps::kBackup, steps::kRestore})
      reset_step(status, step, true);
  }
  if (action.status.state == RestoreState::done)
    finish_step(status, steps::kRestore, run.world.now, run.plan.message);
  run.plan.recheck = std::chrono::seconds(1);
  co_return Status();
}

}  // namespace gantry::controllers::machine
