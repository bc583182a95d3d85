#pragma once
// What Proxmox accepts on the calls that take free parameters. It refuses any it does not know
// (400), so one that only newer servers have is never sent to an older one.
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/status.h"
#include "pkg/pve/types.h"

namespace gantry::pve {

enum class ParameterSet { create, clone, configure };

// OK when every key may be sent to that version. kInvalid for one that no version has or that we
// never send (skiplock, lock), kUnimplemented (Unsupported) for one that this version lacks.
// Source: the API schemas of pve-manager 8.4 and 9.2.
Status check_parameters(ParameterSet set, const std::vector<std::string>& keys,
                        const Version& version);

// Whether the answer of check_parameters() depends on the version.
bool needs_version(const std::vector<std::string>& keys);

}  // namespace gantry::pve
