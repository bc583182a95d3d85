#include "pkg/apiserver/authn/jwt.h"

#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {

Status refuse_token(const char* why) {
  return make_error(ErrorClass::auth, std::string("the token is refused: ") + why);
}

namespace {

constexpr size_t kBytesMax = 16 * 1024;
constexpr int64_t kSkewSeconds = 60;

Result<Json> read_part(std::string_view part) {
  const auto bytes = base64url_decode(part);
  if (!bytes) return refuse_token("a part of it is no base64url");
  auto json = schema::parse_json(*bytes);
  // The parser's message would repeat the text.
  if (!json.ok() || !json->is_object()) return refuse_token("a part of it is no JSON object");
  return *std::move(json);
}

// NumericDate: whole or fractional seconds.
std::optional<int64_t> seconds_of(const Json& claims, std::string_view name) {
  const auto* value = claims.find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_integer()) return value->as_integer();
  if (!value->is_number()) return std::nullopt;
  const double seconds = value->as_double();
  constexpr double kMax = 1e15;
  if (!(seconds > -kMax && seconds < kMax)) return std::nullopt;
  return static_cast<int64_t>(seconds);
}

}  // namespace

std::vector<std::string> Jwt::audiences() const {
  std::vector<std::string> found;
  const auto* value = claims.find("aud");
  if (value == nullptr) return found;
  if (value->is_string()) found.push_back(value->as_string());
  if (value->is_array())
    for (const auto& item : value->as_array())
      if (item.is_string()) found.push_back(item.as_string());
  return found;
}

Result<Jwt> parse_jwt(std::string_view token) {
  if (token.size() > kBytesMax) return refuse_token("it is longer than 16 KiB");
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  if (first == std::string_view::npos || first == last || token.find('.', first + 1) != last)
    return refuse_token("it does not have three parts");
  GANTRY_TRY_ASSIGN(const auto header, read_part(token.substr(0, first)));
  Jwt jwt;
  jwt.type = header.string_or("alg", "");
  if (jwt.type != "ES256" && jwt.type != "RS256")
    return refuse_token("it must be signed with ES256 or RS256");
  if (header.find("crit") != nullptr) return refuse_token("it has critical headers");
  jwt.key_id = header.string_or("kid", "");
  GANTRY_TRY_ASSIGN(jwt.claims, read_part(token.substr(first + 1, last - first - 1)));
  auto signature = base64url_decode(token.substr(last + 1));
  if (!signature) return refuse_token("its signature is no base64url");
  jwt.signature = *std::move(signature);
  jwt.signed_text = token.substr(0, last);
  return jwt;
}

bool is_signed_by(const Jwt& token, const crypto::PublicKey& key) {
  const bool curve = key.type() == crypto::SignatureType::es256;
  return token.type == (curve ? "ES256" : "RS256") &&
         key.verify(token.signed_text, token.signature);
}

Status check_times(const Jwt& token, Time now) {
  const auto seconds = to_unix_seconds(now);
  const auto expires = seconds_of(token.claims, "exp");
  if (!expires) return refuse_token("it does not say when it ends");
  if (*expires <= seconds) return refuse_token("it has expired");
  for (const auto* name : {"nbf", "iat"}) {
    const auto from = seconds_of(token.claims, name);
    if (from && *from > seconds + kSkewSeconds) return refuse_token("it is not valid yet");
  }
  return {};
}

Result<std::string> make_jwt(const crypto::SigningKey& key, const Json& claims) {
  Json header;
  header.set("alg", "ES256");
  header.set("kid", key.public_key().id());
  header.set("typ", "JWT");
  std::string text =
      base64url_encode(schema::to_json(header)) + "." + base64url_encode(schema::to_json(claims));
  GANTRY_TRY_ASSIGN(const auto signature, key.sign(text));
  return text + "." + base64url_encode(signature);
}

}  // namespace gantry::apiserver
