#include "pkg/apiserver/authn/authenticator.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/crypto/token.h"

namespace gantry::apiserver {
namespace {

constexpr std::string_view kPrefix = "gantry";

std::string data_of(const Json& secret, std::string_view key) {
  const auto* value = secret.find_path({"data", key});
  if (value == nullptr || !value->is_string()) return "";
  return base64_decode(value->as_string()).value_or("");
}

Status refused() {
  return make_error(ErrorClass::auth, "Unauthorized");
}

std::optional<std::string> bearer_token(const http::Request& request) {
  const auto header = request.headers.find("Authorization");
  if (header == request.headers.end()) return std::nullopt;
  const auto text = trim(header->second);
  if (text.size() < 7 || to_lower(text.substr(0, 7)) != "bearer ") return std::nullopt;
  return std::string(trim(text.substr(7)));
}

// Unreadable expiry counts as expired: a damaged token must not live for ever.
bool is_expired(const Json& secret, Time now) {
  const auto text = data_of(secret, "expires");
  if (text.empty()) return false;
  const auto expires = from_rfc3339(text);
  return !expires || *expires <= now;
}

}  // namespace

IssuedToken issue_token(Random& random, const std::string& name, const User& user,
                        std::optional<Time> expires) {
  IssuedToken issued;
  issued.token = crypto::make_token(random, kPrefix);
  Json data;
  const auto set = [&data](std::string_view key, std::string_view value) {
    data.set(key, base64_encode(value));
  };
  set("hash", crypto::hash_token(issued.token));
  set("user", user.name);
  set("groups", join(user.groups, ","));
  if (expires) set("expires", to_rfc3339(*expires));
  auto& secret = issued.secret;
  secret.set("apiVersion", "v1");
  secret.set("kind", "Secret");
  secret.set("type", kTokenSecretType);
  secret.member("metadata").set("name", "token-" + name);
  secret.member("metadata").set("namespace", kTokenNamespace);
  secret.set("data", std::move(data));
  return issued;
}

Result<User> authenticate(const http::Request& request, const store::Store& store, Time now) {
  const auto token = bearer_token(request);
  if (!token) return refused();
  const auto hash = crypto::hash_token(*token);
  for (const auto& object : store.list("secrets", std::string(kTokenNamespace)).items) {
    const auto& secret = object->value;
    if (secret.string_or("type", "") != kTokenSecretType) continue;
    if (!crypto::equal_in_constant_time(data_of(secret, "hash"), hash)) continue;
    if (is_expired(secret, now)) return refused();
    User user;
    user.name = data_of(secret, "user");
    user.groups = split(data_of(secret, "groups"), ',');
    user.groups.emplace_back("system:authenticated");
    return user;
  }
  return refused();
}

}  // namespace gantry::apiserver
