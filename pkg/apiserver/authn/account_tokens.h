#pragma once
// Tokens of ServiceAccounts: signed, short-lived, bound to the account (and, if asked, to a
// Secret).
#include <optional>
#include <string>
#include <vector>

#include "api/access/authentication.h"
#include "pkg/apiserver/authn/jwt.h"
#include "pkg/apiserver/authn/user.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

inline constexpr const char* kAccountIssuer = "https://gantry.dev/serviceaccounts";
inline constexpr const char* kAudience = "gantry";  // ours, and what a token is for unless it says

class AccountTokens {
 public:
  // `pems`: one P-256 private key or several, PEM after PEM; the first signs, all verify, so that
  // keys can be changed without ending the tokens in use. kInvalid.
  static Result<AccountTokens> make(std::string_view pems);

  // Fills in request.status (and what was left open in its spec) for an account in the store. An
  // hour unless said, a day at most. NotFound for the account or the object that it shall be bound
  // to; Invalid for one that it cannot be bound to.
  Status issue(const store::Store& store, const store::Key& account, Random& random, Time now,
               api::access::TokenRequest& request) const;

  bool is_ours(const Jwt& token) const { return token.issuer() == kAccountIssuer; }
  // The account as a user. Auth: signature, times, no audience of `audiences`, or the account or
  // the Secret it was bound to is gone or another one.
  Result<User> verify(const store::Store& store, const Jwt& token,
                      const std::vector<std::string>& audiences, Time now) const;

 private:
  AccountTokens() = default;
  std::vector<crypto::SigningKey> keys_;
};

}  // namespace gantry::apiserver
