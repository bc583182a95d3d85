#include "pkg/apiserver/authn/oidc.h"

#include <algorithm>

#include "pkg/base/log.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

constexpr auto kKeep = std::chrono::hours(1);
constexpr auto kBetweenTries = std::chrono::minutes(1);
constexpr size_t kKeysMax = 100;

std::string number(const Json& key, std::string_view name) {
  return base64url_decode(key.string_or(name, "")).value_or("");
}

// A key for signatures that we know; nullopt for others, of which a set may hold any.
std::optional<crypto::PublicKey> read_key(const Json& key) {
  if (key.string_or("use", "sig") != "sig") return std::nullopt;
  const auto type = key.string_or("kty", "");
  auto read = type == "RSA" ? crypto::PublicKey::from_rsa(number(key, "n"), number(key, "e"))
              : type == "EC" && key.string_or("crv", "") == "P-256"
                  ? crypto::PublicKey::from_p256(number(key, "x"), number(key, "y"))
                  : Result<crypto::PublicKey>(invalid("another kind of key"));
  if (!read.ok()) return std::nullopt;
  return *std::move(read);
}

std::vector<std::string> texts_of(const Json& claims, const std::string& name) {
  std::vector<std::string> texts;
  const auto* value = claims.find(name);
  if (value == nullptr) return texts;
  if (value->is_string()) texts.push_back(value->as_string());
  if (value->is_array())
    for (const auto& item : value->as_array())
      if (item.is_string()) texts.push_back(item.as_string());
  return texts;
}

}  // namespace

Async<Result<Oidc::Keys>> Oidc::fetch_keys() {
  auto found = co_await fetch_(options_.issuer + "/.well-known/openid-configuration");
  if (!found.ok()) co_return found.status();
  const auto configuration = schema::parse_json(*found);
  if (!configuration.ok() || !configuration->is_object() ||
      configuration->string_or("issuer", "") != options_.issuer)
    co_return error(ErrorClass::schema, "%s: its configuration names another issuer, or none",
                    options_.issuer);
  auto listed = co_await fetch_(configuration->string_or("jwks_uri", ""));
  if (!listed.ok()) co_return listed.status();
  const auto set = schema::parse_json(*listed);
  const auto* keys = set.ok() && set->is_object() ? set->find("keys") : nullptr;
  if (keys == nullptr || !keys->is_array())
    co_return error(ErrorClass::schema, "%s: its key set cannot be read", options_.issuer);
  Keys read;
  for (const auto& key : keys->as_array()) {
    if (!key.is_object() || read.size() >= kKeysMax) continue;
    if (auto known = read_key(key)) read.insert_or_assign(key.string_or("kid", ""), *known);
  }
  co_return read;
}

Async<Status> Oidc::refresh(Time now) {
  GANTRY_CO_TRY(co_await fetching_.acquire());
  // Somebody else may have fetched them while we waited.
  const bool tried_already = tried_ && now - *tried_ < kBetweenTries;
  if (!tried_already) {
    tried_ = now;
    auto keys = co_await fetch_keys();
    failure_ = keys.status();
    if (keys.ok()) {
      keys_ = *std::move(keys);
      fetched_ = now;
    } else {
      log::warn("the keys of the OIDC issuer were not fetched",
                {{"issuer", options_.issuer}, {"error", failure_}});
    }
  }
  fetching_.release();
  co_return failure_;
}

bool Oidc::is_signed(const Jwt& token) const {
  if (!token.key_id.empty()) {
    const auto key = keys_.find(token.key_id);
    return key != keys_.end() && is_signed_by(token, key->second);
  }
  return std::ranges::any_of(keys_,
                             [&](const auto& item) { return is_signed_by(token, item.second); });
}

Result<User> Oidc::user_of(const Jwt& token) const {
  const auto name = token.claims.string_or(options_.username_claim, "");
  if (name.empty()) return refuse_token("the claim that names the user is missing");
  const bool email = options_.username_claim == "email";
  const auto* verified = token.claims.find("email_verified");
  if (email && verified != nullptr && !token.claims.bool_or("email_verified", false))
    return refuse_token("its email is not verified");
  auto prefix = options_.username_prefix.value_or(email ? "-" : options_.issuer + "#");
  if (prefix == "-") prefix.clear();
  User user;
  user.name = prefix + name;
  if (!options_.groups_claim.empty())
    for (const auto& group : texts_of(token.claims, options_.groups_claim))
      user.groups.push_back(options_.groups_prefix + group);
  const auto is_ours = [](const std::string& text) { return text.starts_with("system:"); };
  if (is_ours(user.name)) return refuse_token("its user is called as only we call ours");
  std::erase_if(user.groups, is_ours);
  user.groups.emplace_back(kAuthenticatedGroup);
  return user;
}

Async<Result<User>> Oidc::verify(const Jwt& token, Time now) {
  const auto meant = token.audiences();
  if (std::ranges::find(meant, options_.client_id) == meant.end())
    co_return refuse_token("it is for somebody else");
  GANTRY_CO_TRY(check_times(token, now));
  const bool stale = !fetched_ || now - *fetched_ > kKeep;
  const bool unknown = !token.key_id.empty() && !keys_.contains(token.key_id);
  if (stale || unknown) {
    const auto fetched = co_await refresh(now);
    // Keys that we have go on being good while their issuer cannot be reached.
    if (!fetched.ok() && (unknown || keys_.empty()))
      co_return make_error(ErrorClass::transport, "the keys of the OIDC issuer cannot be fetched");
  }
  if (!is_signed(token)) co_return refuse_token("its signature is not the issuer's");
  co_return user_of(token);
}

}  // namespace gantry::apiserver
