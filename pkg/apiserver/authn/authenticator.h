#pragma once
// Who is asking: bearer tokens, kept as hashes in Secrets of type gantry.dev/token.
#include <optional>
#include <string>

#include "pkg/apiserver/authn/user.h"
#include "pkg/async/async.h"
#include "pkg/base/random.h"
#include "pkg/http/http.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

inline constexpr std::string_view kTokenNamespace = "gantry-system";
inline constexpr std::string_view kTokenSecretType = "gantry.dev/token";

// A token and the Secret (without the token) that makes it valid. The token is shown once only.
struct IssuedToken {
  std::string token;
  Json secret;
};

// `expires` absent: never. The Secret's name is "token-<name>".
IssuedToken issue_token(Random& random, const std::string& name, const User& user,
                        std::optional<Time> expires);

// The user of an Authorization header, or Auth ("Unauthorized"): no, unknown, expired or revoked
// (its Secret deleted) token. O(tokens) hash comparisons, in constant time each.
Result<User> authenticate(const http::Request& request, const store::Store& store, Time now);

}  // namespace gantry::apiserver
