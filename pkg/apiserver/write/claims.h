#pragma once
// What only one object may have: host names, bridges, fixed addresses.
#include <vector>

#include "pkg/apiserver/request/status.h"
#include "pkg/base/time.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// Takes for `object`, which is about to be written, what it claims (pkg/store/claims): one cause
// for each claim that somebody else holds, with his name, and for each address that cannot be one
// container's alone. `only_look`: nothing is written. Errors are the store's.
Async<Result<std::vector<Cause>>> take_claims(store::Store& store, Json object, Time now,
                                              bool only_look);

}  // namespace gantry::apiserver
