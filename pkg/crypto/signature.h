#pragma once
// Signatures over texts, as JSON Web Tokens carry them (RFC 7518): ES256 and RS256.
#include <memory>
#include <string>
#include <string_view>

#include "pkg/base/random.h"
#include "pkg/base/status.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace gantry::crypto {

enum class SignatureType { es256, rs256 };

// A P-256 or RSA (2048 bits at least) key that verifies. Cheap to copy.
class PublicKey {
 public:
  // A SubjectPublicKeyInfo, a certificate's or a private key's PEM. kInvalid.
  static Result<PublicKey> from_pem(std::string_view pem);
  // From the big-endian numbers of a JSON Web Key (RFC 7518, 6.2 and 6.3). kInvalid.
  static Result<PublicKey> from_rsa(std::string_view modulus, std::string_view exponent);
  static Result<PublicKey> from_p256(std::string_view x, std::string_view y);

  SignatureType type() const { return type_; }
  // sha256 over the DER form of the public key, hex: names it.
  std::string id() const;
  // False for a signature of another kind, length or key. ES256: r and s, 32 bytes each.
  bool verify(std::string_view text, std::string_view signature) const;

 private:
  friend class SigningKey;
  static Result<PublicKey> wrap(std::shared_ptr<evp_pkey_st> key);
  std::shared_ptr<evp_pkey_st> key_;
  SignatureType type_ = SignatureType::es256;
};

// A private P-256 key that signs with ES256.
class SigningKey {
 public:
  // kInvalid unless it is a P-256 private key in PEM.
  static Result<SigningKey> from_pem(std::string_view pem);
  // A new one, as PEM: a secret.
  static Result<std::string> make_pem();

  const PublicKey& public_key() const { return public_; }
  Result<std::string> sign(std::string_view text) const;

 private:
  PublicKey public_;
};

}  // namespace gantry::crypto
