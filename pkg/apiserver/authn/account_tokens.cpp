#include "pkg/apiserver/authn/account_tokens.h"

#include <algorithm>

namespace gantry::apiserver {
namespace {

constexpr int64_t kLifetime = 3600;
constexpr int64_t kLifetimeMax = 24 * 3600;
constexpr const char* kClaim = "kubernetes.io";

Json reference(const store::Object& object) {
  Json value;
  value.set("name", object.key.name);
  value.set("uid", object.uid.get());
  return value;
}

// Whether the claim still names the object that is there.
bool is_same(const store::Store& store, const store::Key& key, const Json& claim) {
  const auto object = store.get(key);
  return object.ok() && (*object)->uid.get() == claim.string_or("uid", "");
}

// The Secret that the token shall be bound to; nullptr: none.
Result<store::ObjectPtr> bound_secret(const store::Store& store, const std::string& ns,
                                      api::access::TokenRequestSpec& spec) {
  if (!spec.bound_object_ref) return store::ObjectPtr();
  auto& ref = *spec.bound_object_ref;
  if (ref.kind != "Secret")
    return invalid("spec.boundObjectRef.kind: a token can be bound to a Secret only");
  GANTRY_TRY_ASSIGN(auto secret, store.get({"secrets", ns, ref.name}));
  if (!ref.uid.empty() && ref.uid != secret->uid.get())
    return conflict("secrets \"%s\" has another uid than spec.boundObjectRef", ref.name);
  ref.uid = secret->uid.get();
  return secret;
}

}  // namespace

Result<AccountTokens> AccountTokens::make(std::string_view pems) {
  constexpr std::string_view kEnd = "-----END PRIVATE KEY-----";
  AccountTokens tokens;
  while (true) {
    const auto end = pems.find(kEnd);
    if (end == std::string_view::npos) break;
    GANTRY_TRY_ASSIGN(auto key, crypto::SigningKey::from_pem(pems.substr(0, end + kEnd.size())));
    tokens.keys_.push_back(std::move(key));
    pems.remove_prefix(end + kEnd.size());
  }
  if (tokens.keys_.empty()) return invalid("there is no private key");
  return tokens;
}

Status AccountTokens::issue(const store::Store& store, const store::Key& account, Random& random,
                            Time now, api::access::TokenRequest& request) const {
  GANTRY_TRY_ASSIGN(const auto object, store.get(account));
  auto& spec = request.spec;
  GANTRY_TRY_ASSIGN(const auto secret, bound_secret(store, account.ns, spec));
  if (spec.audiences.empty()) spec.audiences.emplace_back(kAudience);
  const auto seconds = std::min(spec.expiration_seconds.value_or(kLifetime), kLifetimeMax);
  spec.expiration_seconds = seconds;
  const auto from = to_unix_seconds(now);
  Json claims;
  claims.set("iss", kAccountIssuer);
  claims.set("sub", std::string(kAccountPrefix) + account.ns + ":" + account.name);
  claims.set("aud", Json::array());
  for (const auto& audience : spec.audiences) claims.member("aud").push_back(audience);
  claims.set("iat", from);
  claims.set("nbf", from);
  claims.set("exp", from + seconds);
  claims.set("jti", random.uuid().get());
  auto& bound = claims.member(kClaim);
  bound.set("namespace", account.ns);
  bound.set("serviceaccount", reference(*object));
  if (secret) bound.set("secret", reference(*secret));
  GANTRY_TRY_ASSIGN(request.status.token, make_jwt(keys_.front(), claims));
  request.status.expiration_timestamp = from_unix_seconds(from + seconds);
  return {};
}

Result<User> AccountTokens::verify(const store::Store& store, const Jwt& token,
                                   const std::vector<std::string>& audiences, Time now) const {
  const bool genuine = std::ranges::any_of(
      keys_, [&](const auto& key) { return is_signed_by(token, key.public_key()); });
  if (!genuine) return refuse_token("its signature is not ours");
  GANTRY_TRY(check_times(token, now));
  const auto meant = token.audiences();
  const bool for_us = std::ranges::any_of(audiences, [&meant](const std::string& audience) {
    return std::ranges::find(meant, audience) != meant.end();
  });
  if (!for_us) return refuse_token("it is for somebody else");
  const auto* bound = token.claims.find(kClaim);
  const auto* account = bound != nullptr ? bound->find("serviceaccount") : nullptr;
  if (account == nullptr) return refuse_token("it names no ServiceAccount");
  const auto ns = bound->string_or("namespace", "");
  const auto name = account->string_or("name", "");
  if (!is_same(store, {"serviceaccounts", ns, name}, *account))
    return refuse_token("its ServiceAccount is gone");
  const auto* secret = bound->find("secret");
  if (secret != nullptr && !is_same(store, {"secrets", ns, secret->string_or("name", "")}, *secret))
    return refuse_token("the Secret that it was bound to is gone");
  User user;
  user.name = std::string(kAccountPrefix) + ns + ":" + name;
  user.uid = account->string_or("uid", "");
  user.groups = {std::string(kAccountsGroup), std::string(kAccountsGroup) + ":" + ns,
                 std::string(kAuthenticatedGroup)};
  return user;
}

}  // namespace gantry::apiserver
