#pragma once
// Access: who makes a request, as whom, and whether that is allowed.
#include <optional>
#include <string>

#include "pkg/apiserver/authn/authenticator.h"
#include "pkg/apiserver/authz/escalation.h"

namespace gantry::apiserver {

// What a request came to at the door.
struct Caller {
  std::optional<ApiError> refused;
  User user;                         // as whom the request is served
  std::optional<User> impersonator;  // who really asks, when that is somebody else
};

// Holds references.
class Access {
 public:
  Access(store::Store& store, const AccountTokens* accounts, Oidc* oidc)
      : authenticator_(store, accounts, oidc), rbac_(store) {}

  // 401, 429 after too many failures, 403 with the words that kubectl's users know. The user is
  // filled in as far as it is known, also when the request is refused.
  Async<Caller> admit(const http::Request& request, const RequestInfo& info, const http::Peer& peer,
                      Time now);

  // Of a write that is about to happen: 403 when it would create what `user` may only change (an
  // apply, say), or hand out what he does not hold (check_escalation).
  std::optional<ApiError> guard(const User& user, const RequestInfo& info, const Json* old,
                                const Json& object);

  Authenticator& authenticator() { return authenticator_; }
  Rbac& rbac() { return rbac_; }

 private:
  void impersonate(const http::Request& request, Caller& caller);
  Authenticator authenticator_;
  Rbac rbac_;
};

}  // namespace gantry::apiserver
