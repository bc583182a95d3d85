#include "pkg/crypto/signature.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/crypto/openssl.h"

namespace gantry::crypto {
namespace {

constexpr size_t kHalf = 32;  // bytes of a P-256 number
constexpr int kRsaBitsMin = 2048;
constexpr size_t kRsaBytesMax = 1024;  // 8192 bits: larger ones only burn our time

using KeyPtr = std::shared_ptr<EVP_PKEY>;
using OwnedBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using OwnedParams = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using OwnedKeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using OwnedDigest = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using OwnedPair = Owned<ECDSA_SIG, ECDSA_SIG_free>;

KeyPtr own(EVP_PKEY* key) {
  return key == nullptr ? nullptr : KeyPtr(key, EVP_PKEY_free);
}

OwnedBio reader(std::string_view text) {
  return OwnedBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

KeyPtr read_private(std::string_view pem) {
  auto key = own(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return key;
}

KeyPtr read_public(std::string_view pem) {
  auto key = own(PEM_read_bio_PUBKEY(reader(pem).get(), nullptr, nullptr, nullptr));
  if (!key) key = read_private(pem);
  if (!key) {
    const OwnedCertificate certificate(
        PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
    if (certificate) key = own(X509_get_pubkey(certificate.get()));
  }
  ERR_clear_error();
  return key;
}

KeyPtr key_from(const char* algorithm, OSSL_PARAM_BLD* builder) {
  const OwnedParams params(OSSL_PARAM_BLD_to_param(builder));
  const OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    key = nullptr;
  ERR_clear_error();
  return own(key);
}

OwnedBignum number(std::string_view bytes) {
  return OwnedBignum(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

bool is_p256(EVP_PKEY* key) {
  std::string name(64, '\0');
  size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(),
                                        &size) == 1 &&
         name.substr(0, size) == "prime256v1";
}

// r and s → DER, as OpenSSL wants it.
std::string to_der(std::string_view signature) {
  if (signature.size() != 2 * kHalf) return "";
  const OwnedPair pair(ECDSA_SIG_new());
  if (!pair || ECDSA_SIG_set0(pair.get(), number(signature.substr(0, kHalf)).release(),
                              number(signature.substr(kHalf)).release()) != 1)
    return "";
  std::string der(static_cast<size_t>(std::max(i2d_ECDSA_SIG(pair.get(), nullptr), 0)), '\0');
  auto* out = bytes_of(der);
  i2d_ECDSA_SIG(pair.get(), &out);
  return der;
}

Result<std::string> from_der(std::string_view der) {
  const auto* in = bytes_of(der);
  const OwnedPair pair(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
  if (!pair) return openssl_error("signing");
  std::string signature(2 * kHalf, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), bytes_of(signature), kHalf);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), bytes_of(signature) + kHalf, kHalf);
  return signature;
}

}  // namespace

Result<PublicKey> PublicKey::wrap(std::shared_ptr<evp_pkey_st> key) {
  if (!key) return invalid("no public key can be read from it");
  PublicKey wrapped;
  if (is_p256(key.get())) {
    wrapped.type_ = SignatureType::es256;
  } else if (EVP_PKEY_is_a(key.get(), "RSA") == 1 && EVP_PKEY_get_bits(key.get()) >= kRsaBitsMin) {
    wrapped.type_ = SignatureType::rs256;
  } else {
    return invalid("the key must be P-256, or RSA with at least %d bits", kRsaBitsMin);
  }
  wrapped.key_ = std::move(key);
  return wrapped;
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  return wrap(read_public(pem));
}

Result<PublicKey> PublicKey::from_rsa(std::string_view modulus, std::string_view exponent) {
  if (modulus.empty() || exponent.empty() || modulus.size() > kRsaBytesMax || exponent.size() > 8)
    return invalid("an RSA key needs a modulus and a short exponent");
  const auto n = number(modulus);
  const auto e = number(exponent);
  const OwnedBuilder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return openssl_error("an RSA key");
  return wrap(key_from("RSA", builder.get()));
}

Result<PublicKey> PublicKey::from_p256(std::string_view x, std::string_view y) {
  if (x.size() != kHalf || y.size() != kHalf)
    return invalid("a P-256 key needs two numbers of 32 bytes");
  const std::string point = "\x04" + std::string(x) + std::string(y);
  const OwnedBuilder builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1)
    return openssl_error("a P-256 key");
  return wrap(key_from("EC", builder.get()));
}

std::string PublicKey::id() const {
  std::string der(static_cast<size_t>(std::max(i2d_PUBKEY(key_.get(), nullptr), 0)), '\0');
  auto* out = bytes_of(der);
  i2d_PUBKEY(key_.get(), &out);
  return sha256_hex(der);
}

bool PublicKey::verify(std::string_view text, std::string_view signature) const {
  const bool curve = type_ == SignatureType::es256;
  const std::string der = curve ? to_der(signature) : std::string(signature);
  const OwnedDigest context(EVP_MD_CTX_new());
  const bool good =
      !der.empty() && context &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(text), text.size()) == 1;
  ERR_clear_error();
  return good;
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  auto key = read_private(pem);
  if (!key || !is_p256(key.get())) return invalid("no P-256 private key can be read from it");
  SigningKey signing;
  GANTRY_TRY_ASSIGN(signing.public_, PublicKey::wrap(std::move(key)));
  return signing;
}

Result<std::string> SigningKey::make_pem() {
  const auto key = own(EVP_EC_gen("prime256v1"));
  const OwnedBio out(BIO_new(BIO_s_mem()));
  if (!key || !out ||
      PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_error("a signing key");
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

Result<std::string> SigningKey::sign(std::string_view text) const {
  const OwnedDigest context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, public_.key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(text), text.size()) != 1)
    return openssl_error("signing");
  std::string der(size, '\0');
  if (EVP_DigestSign(context.get(), bytes_of(der), &size, bytes_of(text), text.size()) != 1)
    return openssl_error("signing");
  der.resize(size);
  return from_der(der);
}

}  // namespace gantry::crypto
