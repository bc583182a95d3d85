#include "pkg/crypto/seal.h"

#include <optional>

#include "pkg/base/text.h"
#include "pkg/crypto/openssl.h"

namespace gantry::crypto {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;  // what GCM is defined for without hashing the nonce
constexpr size_t kTagBytes = 16;

std::string random_bytes(Random& random, size_t count) {
  std::string bytes;
  while (bytes.size() < count) {
    auto word = random.next();
    for (int i = 0; i < 8 && bytes.size() < count; ++i, word >>= 8)
      bytes += static_cast<char>(word & 0xff);
  }
  return bytes;
}

bool is_key_name(std::string_view name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

struct Parts {
  std::string key_name;
  std::string bytes;
};

std::optional<Parts> cut(std::string_view sealed) {
  const auto parts = split(sealed, ':');
  if (parts.size() != 3 || parts[0] != "v1") return std::nullopt;
  auto bytes = base64_decode(parts[2]);
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return std::nullopt;
  return Parts{parts[1], *std::move(bytes)};
}

// The key's name is bound too, and its length keeps name and context apart.
std::string bound_text(std::string_view key_name, std::string_view context) {
  return absl::StrFormat("v1:%d:%s:%s", key_name.size(), std::string(key_name),
                         std::string(context));
}

int length_of(std::string_view text) {
  return static_cast<int>(text.size());
}

Result<std::string> encrypt(const std::string& key, const std::string& nonce,
                            std::string_view bound, std::string_view secret) {
  OwnedCipher cipher(EVP_CIPHER_CTX_new());
  std::string out(secret.size() + kTagBytes, '\0');
  auto* at = bytes_of(out);
  int length = 0;
  const bool done =
      cipher &&
      EVP_EncryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), bytes_of(std::string_view(key)),
                          bytes_of(std::string_view(nonce)), nullptr) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(bound), length_of(bound)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), at, &length, bytes_of(secret), length_of(secret)) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), at + length, &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, at + secret.size()) == 1;
  if (!done) return openssl_error("seal a secret");
  return out;
}

std::optional<std::string> decrypt(const std::string& key, std::string bytes,
                                   std::string_view bound) {
  OwnedCipher cipher(EVP_CIPHER_CTX_new());
  const size_t size = bytes.size() - kNonceBytes - kTagBytes;
  const auto* nonce = bytes_of(bytes);
  std::string secret(size, '\0');
  int length = 0;
  const bool done =
      cipher &&
      EVP_DecryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), bytes_of(std::string_view(key)), nonce,
                          nullptr) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(bound), length_of(bound)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes_of(secret), &length, nonce + kNonceBytes,
                        static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes,
                          bytes_of(bytes) + kNonceBytes + size) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes_of(secret) + length, &length) == 1;
  ERR_clear_error();
  if (!done) return std::nullopt;
  return secret;
}

}  // namespace

Result<Sealer> Sealer::make(std::map<std::string, std::string> keys, std::string current) {
  for (const auto& [name, key] : keys) {
    if (!is_key_name(name)) return invalid("sealing key \"%s\": not a name of [a-z0-9-]", name);
    if (key.size() != kKeyBytes)
      return invalid("sealing key \"%s\": %d bytes, not %d", name, key.size(), kKeyBytes);
  }
  if (!keys.contains(current)) return invalid("sealing key \"%s\": no such key", current);
  Sealer sealer;
  sealer.keys_ = std::move(keys);
  sealer.current_ = std::move(current);
  return sealer;
}

Result<std::string> Sealer::seal(Random& random, std::string_view secret,
                                 std::string_view context) const {
  const auto nonce = random_bytes(random, kNonceBytes);
  const auto bound = bound_text(current_, context);
  GANTRY_TRY_ASSIGN(const auto ciphertext, encrypt(keys_.at(current_), nonce, bound, secret));
  return "v1:" + current_ + ":" + base64_encode(nonce + ciphertext);
}

Result<std::string> Sealer::open(std::string_view sealed, std::string_view context) const {
  const auto parts = cut(sealed);
  if (!parts) return invalid("sealed secret: malformed");
  const auto key = keys_.find(parts->key_name);
  if (key == keys_.end())
    return invalid("sealed secret: its key, %s, is not among those configured", parts->key_name);
  auto secret = decrypt(key->second, parts->bytes, bound_text(parts->key_name, context));
  if (!secret)
    return make_error(ErrorClass::permission,
                      "sealed secret: changed, moved from another place, or of another key");
  return *std::move(secret);
}

bool Sealer::is_stale(std::string_view sealed) const {
  const auto parts = cut(sealed);
  return !parts || parts->key_name != current_;
}

std::string make_sealing_key(Random& random) {
  return random_bytes(random, kKeyBytes);
}

}  // namespace gantry::crypto
