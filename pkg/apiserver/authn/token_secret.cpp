#include "pkg/apiserver/authn/token_secret.h"

#include "pkg/base/text.h"
#include "pkg/crypto/token.h"

namespace gantry::apiserver {
namespace {

std::string data_of(const Json& secret, std::string_view key) {
  const auto* value = secret.find_path({"data", key});
  if (value == nullptr || !value->is_string()) return "";
  return base64_decode(value->as_string()).value_or("");
}

}  // namespace

IssuedToken issue_token(Random& random, const std::string& name, const User& user,
                        std::optional<Time> expires) {
  IssuedToken issued;
  issued.token = crypto::make_token(random, kTokenPrefix);
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

bool is_token_secret(const Json& secret) {
  return secret.string_or("type", "") == kTokenSecretType;
}

User user_of_token_secret(const Json& secret) {
  User user;
  user.name = data_of(secret, "user");
  for (auto& group : split(data_of(secret, "groups"), ','))
    if (!group.empty()) user.groups.push_back(std::move(group));
  user.groups.emplace_back(kAuthenticatedGroup);
  return user;
}

std::optional<Time> expiry_of_token_secret(const Json& secret) {
  const auto text = data_of(secret, "expires");
  if (text.empty()) return std::nullopt;
  return from_rfc3339(text).value_or(Time());
}

void TokenSecrets::refresh() {
  if (unchanged_.holds()) return;
  unchanged_.renew();
  by_hash_.clear();
  for (const auto& object : store_.list("secrets", std::string(kTokenNamespace)).items)
    if (is_token_secret(object->value)) by_hash_[data_of(object->value, "hash")] = object;
}

// The map compares hashes of tokens, from whose timing nothing about a token can be learnt.
Result<User> TokenSecrets::find(std::string_view token, Time now) {
  refresh();
  const auto found = by_hash_.find(crypto::hash_token(token));
  if (found == by_hash_.end()) return make_error(ErrorClass::auth, "Unauthorized");
  const auto& secret = found->second->value;
  const auto expires = expiry_of_token_secret(secret);
  auto user = user_of_token_secret(secret);
  if ((expires && *expires <= now) || user.name.empty())
    return make_error(ErrorClass::auth, "Unauthorized");
  return user;
}

}  // namespace gantry::apiserver
