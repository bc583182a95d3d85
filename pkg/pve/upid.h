#pragma once
// UPIDs: the names of Proxmox tasks. Format: pve-common, src/PVE/UPID.pm.
#include "pkg/base/status.h"
#include "pkg/pve/types.h"

namespace gantry::pve {

// kInvalid, naming the text, when it is no UPID. The id may be empty ("imgcopy::").
Result<UpidParts> parse_upid(const Upid& upid);

// The inverse. Requires parts without ':' and blanks, and numbers that are not negative.
Upid make_upid(const UpidParts& parts);

// The guest a task is about: its id when that is a number.
std::optional<VmId> guest_of(const Task& task);

}  // namespace gantry::pve
