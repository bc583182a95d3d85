#pragma once
// Rollout: which revision each of an App's Machines is to run. Pure.
#include <string>
#include <vector>

#include "api/v1alpha1/app.h"

namespace gantry::controllers::app {

struct News {
  std::string reason;  // CamelCase, of an event
  std::string message;
  bool is_warning = false;
};

// Moves the rollout of status.revision (what the spec asks for now) on by what status.machines say:
// hands it out to as many Machines as spec.update allows, calls it good when all have answered for
// bakeSeconds, and goes back to status.currentRevision when one of them cannot run it. With
// BlueGreen only the set that does not serve is given it, and serves when all of it has answered so
// long. Writes machines' targets, currentRevision, failedRevision, the states in revisions,
// activeSlot and switchedAt. While `held` (what the App depends on does not answer) nothing is
// handed out, and no failure is the revision's. `taken`: the volumes that were on their way are
// there.
std::vector<News> roll(api::v1alpha1::App& app, Time now, bool held = false, bool taken = false);

// A revision is being handed out: its time to prove itself passes without anybody's doing.
bool is_under_way(const api::v1alpha1::App& app);
// How long from now until that time has passed for the next Machine; `longest` when none is being
// watched: then something else has to happen first. At least a second.
Duration until_next_proof(const api::v1alpha1::App& app, Time now, Duration longest);
// Something is to be begun that has not run yet.
bool has_work_ahead(const api::v1alpha1::App& app);

// The bootstraps of a revision that a Machine may fail in a row before it counts as unable.
inline constexpr int kAttempts = 3;

}  // namespace gantry::controllers::app
