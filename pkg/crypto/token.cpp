#include "pkg/crypto/token.h"

#include <absl/strings/str_format.h>

#include "pkg/crypto/digest.h"

namespace gantry::crypto {

std::string make_token(Random& random, std::string_view prefix) {
  std::string token = std::string(prefix) + "_";
  for (int word = 0; word < 4; ++word) token += absl::StrFormat("%016x", random.next());
  return token;
}

std::string hash_token(std::string_view token) {
  return sha256_hex(token);
}

bool matches_token(std::string_view token, std::string_view stored_hash) {
  return equal_in_constant_time(hash_token(token), stored_hash);
}

}  // namespace gantry::crypto
