#pragma once
// Taking what only one object may have.
#include <string>
#include <vector>

#include "api/v1alpha1/claims.h"
#include "pkg/base/time.h"
#include "pkg/store/store.h"

namespace gantry::store {

// A claim is an object of a collection that the API does not serve, named after what is claimed:
// the database's primary key lets one holder have it, whoever else writes at the same time.
inline const Resource kClaims = "claims.gantry.dev";

// Who has a claim: an object of users, and with addresses the one of its Machines that has it.
struct Holder {
  std::string api_version, kind, ns, name;
  std::string machine;  // empty: the object itself is one, or none of its Machines has come yet
  // Not which of its Machines.
  bool is_same_object(const Holder& other) const;
  std::string text() const { return kind + " " + ns + "/" + name; }
};
// Of what the object claims: its owner, for a Machine that one of our kinds controls.
Holder holder_of(const Json& object);

struct Refusal {
  api::v1alpha1::Claim claim;
  std::string holder;  // "App home/wiki"
};

// What an object claims, with its class as the cache has it.
std::vector<api::v1alpha1::Claim> claims_of(const Store& store, const Json& object);

// Takes them for `object`, which is about to be written or to have a container: those that somebody
// else holds come back. A holder that is gone or does not claim it any more loses it; one whose
// object is still on its way keeps it for a minute. `only_look`: nothing is written. Errors are the
// store's.
Async<Result<std::vector<Refusal>>> take_claims(Store& store, Json object, Time now,
                                                bool only_look);

// Whether anybody holds the claim of that name.
bool is_held(const Store& store, const std::string& claim, Time now);
// Whether it is his already.
bool is_held_by(const Store& store, const api::v1alpha1::Claim& claim, const Holder& holder);

}  // namespace gantry::store
