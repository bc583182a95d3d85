#pragma once
// Health: one probe of one container's App, from the daemon or else from inside.
#include <optional>
#include <string>

#include "api/v1alpha1/app.h"
#include "controllers/app/bootstrap/bootstrap.h"
#include "controllers/app/prober.h"

namespace gantry::controllers::app {

struct ProbeResult {
  bool healthy = false;
  bool known = true;  // false: nobody could be asked, which proves nothing about the App
  std::optional<api::v1alpha1::ProbeSource> from;  // absent: nothing to probe
  std::string message;                             // for people, also when healthy
  std::string code;                                // of the failure catalogue, or empty
};

// Asks from the daemon; where the daemon has no way to the address, asks inside the container on
// 127.0.0.1, as behind an Appliance at once. Without a declared probe: whether what runs inside
// runs, by the container's own word. `guest` may be absent (no command channel). A command channel
// that is down makes the result unknown, never unhealthy.
Async<ProbeResult> probe(const api::v1alpha1::AppSpec& spec, const ResolvedWorkload& workload,
                         std::string address, Prober& prober, std::optional<Guest> guest);

}  // namespace gantry::controllers::app
