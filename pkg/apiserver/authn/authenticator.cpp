#include "pkg/apiserver/authn/authenticator.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"

namespace gantry::apiserver {
namespace {

Status refused() {
  return make_error(ErrorClass::auth, "Unauthorized");
}

std::optional<std::string> bearer_token(const http::Request& request) {
  const auto header = request.headers.find("Authorization");
  if (header == request.headers.end()) return std::nullopt;
  const auto text = trim(header->second);
  if (text.size() < 7 || to_lower(text.substr(0, 7)) != "bearer ") return "";
  return std::string(trim(text.substr(7)));
}

Status wait_for(Duration left) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(left);
  return with_retry_after(
      make_error(ErrorClass::overload, "too many failed attempts to authenticate; try again later"),
      seconds);
}

// One credential at one source: a client that repeats its expired token locks out itself before
// its neighbours behind the same address.
std::string credential_key(const std::string& source, std::string_view token) {
  return source + " " + crypto::sha256_hex(token).substr(0, 16);
}

}  // namespace

Result<User> Authenticator::from_certificate(const http::Peer& peer, Time now) const {
  if (peer.certificate_common_name.empty()) return refused();
  if (peer.certificate_expires && *peer.certificate_expires <= now) return refused();
  const auto list = store_.get({"configmaps", std::string(kTokenNamespace), kRevokedCertificates});
  if (list.ok()) {
    std::string id;
    for (const char c : to_lower(peer.certificate_fingerprint))
      if (c != ':') id += c;
    if ((*list)->value.find_path({"data", id}) != nullptr) return refused();
  }
  User user;
  user.name = peer.certificate_common_name;
  user.groups = peer.certificate_organizations;
  user.groups.emplace_back(kAuthenticatedGroup);
  return user;
}

Async<Result<User>> Authenticator::identify(std::string token, std::vector<std::string> audiences,
                                            Time now) {
  const bool own = token.starts_with(std::string(kTokenPrefix) + "_");
  if (own) co_return secrets_.find(token, now);
  const auto jwt = parse_jwt(token);
  if (!jwt.ok()) co_return jwt.status();
  if (accounts_ != nullptr && accounts_->is_ours(*jwt))
    co_return accounts_->verify(store_, *jwt, audiences, now);
  if (oidc_ != nullptr && oidc_->is_theirs(*jwt)) co_return co_await oidc_->verify(*jwt, now);
  co_return refused();
}

Async<Result<User>> Authenticator::authenticate(const http::Request& request,
                                                const http::Peer& peer, Time now) {
  const auto token = bearer_token(request);
  if (!token && peer.certificate_common_name.empty()) co_return refused();
  const auto source = source_of(peer.address);
  const auto credential = token ? credential_key(source, *token) : source;
  for (const auto* key : {&source, &credential})
    if (const auto left = lockout_.wait(*key, now)) co_return wait_for(*left);
  Result<User> user = refused();
  if (token) {
    std::vector<std::string> audiences(1, kAudience);
    user = co_await identify(*token, std::move(audiences), now);
  } else {
    user = from_certificate(peer, now);
  }
  if (user.ok()) {
    lockout_.succeeded(credential);
    co_return user;
  }
  if (error_class(user.status()) != ErrorClass::auth) co_return user;
  // The same wrong token again is no further guess: it counts for the source once only.
  if (token && !lockout_.knows(credential)) lockout_.failed(source, now);
  lockout_.failed(credential, now);
  co_return refused();
}

}  // namespace gantry::apiserver
