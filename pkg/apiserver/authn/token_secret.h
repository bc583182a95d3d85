#pragma once
// API tokens as they are kept: Secrets of type gantry.dev/token that hold a hash, never the token.
#include <map>
#include <optional>
#include <string>

#include "pkg/apiserver/authn/user.h"
#include "pkg/base/random.h"
#include "pkg/base/time.h"
#include "pkg/store/unchanged.h"

namespace gantry::apiserver {

inline constexpr std::string_view kTokenNamespace = "gantry-system";
inline constexpr std::string_view kTokenSecretType = "gantry.dev/token";
inline constexpr std::string_view kTokenPrefix = "gantry";

// A token and the Secret (without the token) that makes it valid. The token is shown once only.
struct IssuedToken {
  std::string token;
  Json secret;
};

// `expires` absent: never. The Secret's name is "token-<name>".
IssuedToken issue_token(Random& random, const std::string& name, const User& user,
                        std::optional<Time> expires);

bool is_token_secret(const Json& secret);
// The user that such a Secret makes its bearer; empty names when it says none.
User user_of_token_secret(const Json& secret);
// When it ends; nullopt: never. An expiry that cannot be read has passed already: a damaged token
// must not live for ever.
std::optional<Time> expiry_of_token_secret(const Json& secret);

// The tokens by hash, made anew after a Secret was written: O(Secrets) then,
// O(log tokens) per look-up.
class TokenSecrets {
 public:
  explicit TokenSecrets(store::Store& store) : store_(store), unchanged_(store, "secrets") {}
  // The user of that token, or Auth ("Unauthorized"): unknown, expired, or revoked (its Secret
  // deleted).
  Result<User> find(std::string_view token, Time now);

 private:
  void refresh();
  store::Store& store_;
  store::Unchanged unchanged_;
  std::map<std::string, store::ObjectPtr> by_hash_;
};

}  // namespace gantry::apiserver
