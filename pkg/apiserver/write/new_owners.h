#pragma once
// Owners that a write newly names.
#include <vector>

#include "pkg/apiserver/request/status.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// One cause for each owner that `after` names, `before` does not, and that does not exist: the
// garbage collector would delete the object at once, and with a Machine its container. Manifests
// that were exported, or restored from a backup, name such owners. Owners of kinds that are not
// served are not judged.
std::vector<Cause> check_new_owners(const store::Store& store, const Json& before,
                                    const Json& after);

}  // namespace gantry::apiserver
