#pragma once
// observe: reads everything a plan needs to know, and no more.
#include "controllers/machine/observation.h"
#include "pkg/async/clock.h"
#include "pkg/inventory/clusters.h"
#include "pkg/store/guests.h"

namespace gantry::controllers::machine {

// Reads fail into the observation ("unreadable", "unknown"), never out of it; only our own database
// being gone is an error (Transport), because without the row nothing can be said.
Async<Result<Observation>> observe(api::v1alpha1::Machine machine, inventory::ClusterPtr cluster,
                                   store::Guests& guests, async::Clock& clock);

}  // namespace gantry::controllers::machine
