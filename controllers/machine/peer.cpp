// The other Machine of a hand-over, as it is just now.
#include "controllers/machine/identity.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/reconciler.h"
#include "controllers/machine/volumes.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::Machine;

bool has_to_look(const Machine& machine, const Observation& world) {
  return machine.spec.handover && !machine.metadata.deleting() &&
         world.guest.occupant == Occupant::ours && world.guest.status.has_value() &&
         !missing_volumes(machine, world.guest.config).empty();
}

}  // namespace

Async<Status> Reconciler::look_at_peer(Run& run) {
  if (!has_to_look(run.machine, run.world)) co_return Status();
  run.world.peer.emplace();
  auto& peer = *run.world.peer;
  const store::Key key{kMachines, run.request.ns, run.machine.spec.handover->machine};
  const auto other = store::get<Machine>(the_.store, key);
  if (!other.ok()) {
    peer.why = message_of(other.status());
    co_return Status();
  }
  peer.uid = other->metadata.uid;
  peer.had = other->status.volumes;
  auto row = co_await the_.guests.find_by_uid(run.cluster_name, peer.uid);
  if (!row.ok()) co_return annotate(row.status(), "look up the VMID of " + key.name);
  // Nothing of it was ever made.
  peer.is_known = !row->has_value();
  if (peer.is_known) co_return Status();
  co_return co_await look_at_guest_of(run, **row);
}

Async<Status> Reconciler::look_at_guest_of(Run& run, store::GuestRow row) {
  auto& peer = *run.world.peer;
  const auto sighting = run.cluster->inventory.sight(row.vmid);
  peer.vmid = row.vmid;
  peer.why = sighting.reason;
  // Not made yet, or gone: that it has no volumes is proven.
  peer.is_known = sighting.presence == inventory::Presence::absent;
  if (peer.is_known || !sighting.guest.has_value()) co_return Status();
  peer.node = sighting.guest->node;
  auto config = co_await run.cluster->reader.guest_config(peer.node, row.vmid);
  if (!config.ok()) {
    peer.why = message_of(config.status());
    co_return Status();
  }
  peer.config = *std::move(config);
  if (identify(peer.config, row, run.cluster->installation) != Occupant::ours) {
    peer.why = absl::StrFormat("guest %d does not carry its mark", row.vmid.get());
    co_return Status();
  }
  const auto status = co_await run.cluster->reader.guest_status(peer.node, row.vmid);
  if (!status.ok()) {
    peer.why = message_of(status.status());
    co_return Status();
  }
  peer.running = status->running;
  peer.is_known = true;
  co_return Status();
}

Async<Status> Reconciler::take_action(Run& run, const TakeVolume& action) {
  auto gift = action.gift;
  const auto from = action.from;
  // Each volume is a matter of its own: one that went well makes the next wait for nothing.
  if (is_step(run.machine.status, steps::kTake, StepState::done))
    reset_step(run.machine.status, steps::kTake, true);
  GANTRY_CO_TRY(co_await announce(run, steps::kTake));
  const auto task = co_await run.cluster->writer.give_volume(run.world.guest.node, std::move(gift),
                                                             from, run.machine.metadata.uid);
  started(run, steps::kTake, task);
  if (task.ok()) run.plan.recheck = std::chrono::seconds(1);
  co_return Status();
}

}  // namespace gantry::controllers::machine
