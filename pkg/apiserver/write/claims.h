#pragma once
// What only one object may have: host names, bridges.
#include <vector>

#include "pkg/apiserver/request/status.h"
#include "pkg/base/time.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// A claim is an object of a collection that the API does not serve, named after what is claimed:
// the database's primary key lets one holder have it, whoever else writes at the same time.
inline const store::Resource kClaims = "claims.gantry.dev";

// Takes for `object`, which is about to be written, what it claims: one cause for each claim that
// somebody else holds, with his name. A holder that is gone or does not claim it any more loses it;
// one whose object is still on its way keeps it for a minute. `only_look`: nothing is written.
// Errors are the store's.
Async<Result<std::vector<Cause>>> take_claims(store::Store& store, Json object, Time now,
                                              bool only_look);

}  // namespace gantry::apiserver
