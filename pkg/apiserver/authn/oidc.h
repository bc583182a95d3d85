#pragma once
// Oidc: ID tokens of one OpenID Connect issuer.
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "pkg/apiserver/authn/jwt.h"
#include "pkg/apiserver/authn/user.h"
#include "pkg/async/async.h"
#include "pkg/async/clock.h"
#include "pkg/async/event.h"

namespace gantry::apiserver {

struct OidcOptions {
  std::string issuer;     // "https://login.example.com/realm", as in the tokens' iss
  std::string client_id;  // as in their aud
  std::string username_claim = "sub";
  std::optional<std::string> username_prefix;  // unset: "<issuer>#", but for email; "-": none
  std::string groups_claim;                    // empty: no groups
  std::string groups_prefix;
};

// Fetches the issuer's keys when they are needed, at most once a minute, and keeps them; an hour
// later they are fetched again. ES256 and RS256. A user or group that would be called system:… is
// refused: those names are ours to give.
class Oidc {
 public:
  // The body behind an https URL, over verified TLS; Transport, TLS, Remote.
  using Fetch = std::function<Async<Result<std::string>>(std::string url)>;

  Oidc(OidcOptions options, Fetch fetch) : options_(std::move(options)), fetch_(std::move(fetch)) {}

  bool is_theirs(const Jwt& token) const { return token.issuer() == options_.issuer; }
  // Auth: signature, times, audience, missing claims. Transport when the keys cannot be fetched.
  Async<Result<User>> verify(const Jwt& token, Time now);

 private:
  using Keys = std::map<std::string, crypto::PublicKey>;
  Async<Status> refresh(Time now);
  Async<Result<Keys>> fetch_keys();
  bool is_signed(const Jwt& token) const;
  Result<User> user_of(const Jwt& token) const;

  OidcOptions options_;
  Fetch fetch_;
  Keys keys_;
  std::optional<Time> fetched_, tried_;
  Status failure_;
  async::Semaphore fetching_{1};
};

}  // namespace gantry::apiserver
