#include "pkg/crypto/digest.h"

#include <openssl/crypto.h>

#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "pkg/crypto/openssl.h"

namespace gantry::crypto {
namespace {

// Fetched once: EVP_sha1() and its like are looked up anew at each use.
const EVP_MD* fetched(const char* name) {
  auto* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  GANTRY_CHECK(algorithm != nullptr);
  return algorithm;
}

// A digest of bytes in memory fails only when OpenSSL itself is broken: that is an invariant.
std::string digest(const EVP_MD* algorithm, std::string_view bytes) {
  std::string result(static_cast<size_t>(EVP_MD_get_size(algorithm)), '\0');
  GANTRY_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), bytes_of(result), nullptr, algorithm, nullptr) == 1);
  return result;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  static const EVP_MD* algorithm = fetched("SHA256");
  return digest(algorithm, bytes);
}
std::string sha256_hex(std::string_view bytes) {
  return hex(sha256(bytes));
}
std::string sha1(std::string_view bytes) {
  static const EVP_MD* algorithm = fetched("SHA1");
  return digest(algorithm, bytes);
}
std::string sha1_hex(std::string_view bytes) {
  return hex(sha1(bytes));
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string result(static_cast<size_t>(EVP_MD_get_size(EVP_sha256())), '\0');
  size_t length = 0;
  GANTRY_CHECK(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                         bytes_of(bytes), bytes.size(), bytes_of(result), result.size(),
                         &length) != nullptr);
  return result;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace gantry::crypto
