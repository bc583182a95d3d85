// Tokens as anybody may send them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pkg/apiserver/authn/jwt.h"
#include "pkg/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto token = gantry::apiserver::parse_jwt(text);
  if (!token.ok()) return 0;
  GANTRY_CHECK(token->claims.is_object());
  (void)token->audiences();
  (void)gantry::apiserver::check_times(*token, gantry::from_unix_seconds(1'800'000'000));
  static const auto key =
      *gantry::crypto::SigningKey::from_pem(*gantry::crypto::SigningKey::make_pem());
  GANTRY_CHECK(!gantry::apiserver::is_signed_by(*token, key.public_key()));
  return 0;
}
