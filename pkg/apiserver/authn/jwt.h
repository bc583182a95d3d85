#pragma once
// JSON Web Tokens in the compact form (RFC 7519, RFC 7515): reading, and making our own.
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/status.h"
#include "pkg/base/time.h"
#include "pkg/crypto/signature.h"

namespace gantry::apiserver {

// A token that looks right; nothing in it is true before its signature was verified.
struct Jwt {
  std::string type;    // header's alg: only ES256 and RS256
  std::string key_id;  // header's kid; may be empty
  Json claims;         // an object
  std::string signed_text;
  std::string signature;

  std::string issuer() const { return claims.string_or("iss", ""); }
  std::string subject() const { return claims.string_or("sub", ""); }
  // aud, which may be one text or a list of them.
  std::vector<std::string> audiences() const;
};

// Auth when it is no token that we could verify: other algorithms ("none" above all), critical
// headers, more than 16 KiB. The message never repeats the token.
Result<Jwt> parse_jwt(std::string_view token);

// Whether the key made that signature, with the algorithm that the header names.
bool is_signed_by(const Jwt& token, const crypto::PublicKey& key);

// exp must be there and ahead, nbf and iat (when there) behind; clocks may differ by a minute.
Status check_times(const Jwt& token, Time now);

Result<std::string> make_jwt(const crypto::SigningKey& key, const Json& claims);

// Auth: "the token is refused: why"; `why` repeats nothing of it.
Status refuse_token(const char* why);

}  // namespace gantry::apiserver
