#pragma once
// Identity: whose guest is that? Our row and the mark, together. Design rule 2.
#include "controllers/machine/observation.h"

namespace gantry::controllers::machine {

// Who the guest with that config is, on the VMID of `row`. Needs a config that was read.
Occupant identify(const pve::GuestConfig& config, const store::GuestRow& row,
                  const std::string& installation);

// True for a config that holds nothing but `lock: create`: a create that runs or died.
bool is_unfinished(const pve::GuestConfig& config);

// True when its notes or tags name a Machine, of whichever installation.
bool carries_mark(const pve::GuestConfig& config);

std::vector<std::string> split_tags(std::string_view tags);

}  // namespace gantry::controllers::machine
