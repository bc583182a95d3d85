#pragma once
// Bugs: mistakes that a control plane for Proxmox has been seen to make, each to be switched on at
// run time. Each is a decorator around what the daemon is given; no production code knows of them.
#include <set>
#include <string>
#include <vector>

#include "pkg/base/status.h"

namespace gantry::sim {

enum class Bug {
  skip_canary,             // a lost privilege is no reason to hold
  trust_incomplete,        // an inventory of which a part could not be read is taken for whole
  skip_quorum,             // writes without quorum
  act_in_observe_mode,     // mode Observe is not looked at
  forget_await_on_stop,    // asked to stop means stopped; destroys with force
  retry_create_blindly,    // no answer: again, on another id
  ignore_marker,           // what is on our VMID is ours
  reuse_vmid_at_once,      // without quarantine
  gone_from_403,           // forbidden means gone
  finalizer_before_proof,  // asked to destroy means destroyed
};
using Bugs = std::set<Bug>;

const std::vector<Bug>& all_bugs();
// "skip-canary".
std::string to_string(Bug bug);
// Invalid for a name that is none.
Result<Bug> parse_bug(const std::string& name);

}  // namespace gantry::sim
