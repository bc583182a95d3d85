// Where a Machine's networks are plugged in, and whether their addresses are to be had.
#include "controllers/machine/desired.h"
#include "controllers/machine/reconciler.h"
#include "pkg/store/claims/claims.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::machine {

void Reconciler::attach_networks(Run& run) const {
  if (!run.shape.has_value()) return;
  if (run.networks.empty()) run.networks = networks_of(run.machine, *run.shape);
  const auto& guest = run.world.guest;
  const bool is_there = guest.occupant == Occupant::ours && !guest.config.values.empty();
  auto attached =
      attach(run.machine, run.networks, is_there ? &guest.config : nullptr,
             [this](const std::string& ns, const std::string& name) {
               return store::get<api::v1alpha1::Appliance>(the_.store, {kAppliances, ns, name});
             });
  if (attached.any) run.machine.spec.networks = attached.networks;
  // Proxmox would write the node's own servers into it.
  if (attached.dns && !run.shape->spec.dns) run.shape->spec.dns = attached.dns;
  run.world.attachment = std::move(attached);
}

// What was written before its class was, or before the class had such a network, the API server
// could not judge.
Async<Status> Reconciler::claim_addresses(Run& run) {
  if (run.machine.metadata.deleting()) co_return Status();
  const auto refused = co_await store::take_claims(the_.store, run.object, run.world.now, false);
  if (!refused.ok()) co_return annotate(refused.status(), "claim its address");
  if (refused->empty()) co_return Status();
  const auto& first = refused->front();
  run.world.address_conflict = first.claim.what + " is held by " + first.holder;
  co_return Status();
}

}  // namespace gantry::controllers::machine
