#pragma once
// Authenticator: from the credentials of a request to a user.
#include <optional>
#include <string>
#include <vector>

#include "pkg/apiserver/authn/account_tokens.h"
#include "pkg/apiserver/authn/lockout.h"
#include "pkg/apiserver/authn/oidc.h"
#include "pkg/apiserver/authn/token_secret.h"
#include "pkg/async/async.h"
#include "pkg/http/http.h"

namespace gantry::apiserver {

// The certificates that are refused although our authority signed them: a ConfigMap whose keys are
// sha256 fingerprints (hex, lower case).
inline constexpr const char* kRevokedCertificates = "revoked-certificates";

// A bearer token (one of ours, a ServiceAccount's, an OIDC issuer's) or else the client certificate
// that TLS has verified: CN is the user, O its groups. Nobody is anonymous. Holds references.
class Authenticator {
 public:
  // `accounts` and `oidc` may be null: such tokens are refused then.
  Authenticator(store::Store& store, const AccountTokens* accounts, Oidc* oidc)
      : store_(store), accounts_(accounts), oidc_(oidc), secrets_(store) {}

  // Auth ("Unauthorized") for wrong or no credentials; Overload with retry_after for a source, or a
  // token at a source, that has failed too often, whatever it shows now; Transport when the OIDC
  // issuer's keys cannot be fetched. Failures count for the source of `peer` only.
  Async<Result<User>> authenticate(const http::Request& request, const http::Peer& peer, Time now);

  // Whose token that is, for these audiences; Auth. Counts nothing.
  Async<Result<User>> identify(std::string token, std::vector<std::string> audiences, Time now);

 private:
  Result<User> from_certificate(const http::Peer& peer, Time now) const;
  store::Store& store_;
  const AccountTokens* accounts_;
  Oidc* oidc_;
  TokenSecrets secrets_;
  Lockout lockout_;
};

}  // namespace gantry::apiserver
