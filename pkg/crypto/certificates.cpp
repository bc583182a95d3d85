#include "pkg/crypto/certificates.h"

#include <openssl/pem.h>
#include <openssl/rand.h>

#include "pkg/base/text.h"
#include "pkg/crypto/openssl.h"

namespace gantry::crypto {
namespace {

// RFC 5280 §4.1.2.2 allows 20 octets; 16 random ones are never negative with the top bit off.
constexpr int kSerialBits = 127;
constexpr size_t kCommonNameMax = 64;  // RFC 5280 ub-common-name

struct Issuer {
  OwnedCertificate certificate;
  OwnedKey key;
};

struct Extension {
  int nid;
  std::string value;
};

Result<std::string> pem_of(const auto& write) {
  OwnedBio bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) return openssl_error("write PEM");
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

Status add_names(X509* certificate, const Subject& subject) {
  auto* name = X509_get_subject_name(certificate);
  const auto add = [name](const char* field, const std::string& value) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes_of(std::string_view(value)),
                                      static_cast<int>(value.size()), -1, 0) == 1;
  };
  for (const auto& organization : subject.organizations) {
    if (!add("O", organization)) return invalid("certificate: \"%s\" is no O", organization);
  }
  if (!add("CN", subject.common_name))
    return invalid("certificate: \"%s\" is no CN (1 to 64 characters)", subject.common_name);
  ERR_clear_error();
  return {};
}

Status set_serial(X509* certificate) {
  OwnedBignum number(BN_new());
  if (!number || BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr)
    return openssl_error("certificate serial number");
  return {};
}

Status set_validity(X509* certificate, const Validity& validity) {
  if (validity.to <= validity.from) return invalid("certificate: it would end before it begins");
  ASN1_TIME_set(X509_getm_notBefore(certificate), to_unix_seconds(validity.from));
  ASN1_TIME_set(X509_getm_notAfter(certificate), to_unix_seconds(validity.to));
  return {};
}

Status add_extensions(X509* certificate, X509* issuer, const std::vector<Extension>& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& extension : extensions) {
    OwnedExtension built(
        X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value.c_str()));
    ERR_clear_error();
    if (!built) return invalid("certificate: \"%s\" cannot stand in it", extension.value);
    if (X509_add_ext(certificate, built.get(), -1) != 1) return openssl_error("add an extension");
  }
  return {};
}

// `issuer` null: signed by its own key.
Result<Identity> sign(const Subject& subject, const Validity& validity,
                      const std::vector<Extension>& extensions, const Issuer* issuer) {
  OwnedKey key(EVP_EC_gen("P-256"));
  OwnedCertificate certificate(X509_new());
  if (!key || !certificate) return openssl_error("make a key");
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_set_pubkey(certificate.get(), key.get());
  GANTRY_TRY(set_serial(certificate.get()));
  GANTRY_TRY(set_validity(certificate.get(), validity));
  GANTRY_TRY(add_names(certificate.get(), subject));
  auto* signer = issuer != nullptr ? issuer->certificate.get() : certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  GANTRY_TRY(add_extensions(certificate.get(), signer, extensions));
  auto* signing_key = issuer != nullptr ? issuer->key.get() : key.get();
  if (X509_sign(certificate.get(), signing_key, EVP_sha256()) == 0)
    return openssl_error("sign a certificate");
  Identity identity;
  GANTRY_TRY_ASSIGN(identity.certificate_pem,
                    pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); }));
  GANTRY_TRY_ASSIGN(identity.key_pem, pem_of([&](BIO* bio) {
                      return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr,
                                                      nullptr);
                    }));
  return identity;
}

Result<Issuer> read_issuer(const Identity& authority) {
  OwnedBio certificate(BIO_new_mem_buf(authority.certificate_pem.data(),
                                       static_cast<int>(authority.certificate_pem.size())));
  OwnedBio key(
      BIO_new_mem_buf(authority.key_pem.data(), static_cast<int>(authority.key_pem.size())));
  Issuer issuer;
  issuer.certificate.reset(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
  issuer.key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
  const bool fits = issuer.certificate && issuer.key &&
                    X509_check_private_key(issuer.certificate.get(), issuer.key.get()) == 1;
  ERR_clear_error();
  if (!fits) return invalid("certificate authority: certificate and key are not a pair");
  if (X509_check_ca(issuer.certificate.get()) != 1)
    return invalid("certificate authority: the certificate may not sign others");
  return issuer;
}

bool fits_in_a_list(const std::string& name) {
  return !name.empty() && name.find_first_of(",:\n\r ") == std::string::npos;
}

// OpenSSL takes alternative names as a comma list, so a name must not hold a comma.
Result<std::string> alternative_names(const ServerNames& names) {
  std::vector<std::string> list;
  for (const auto& name : names.dns) {
    if (!fits_in_a_list(name)) return invalid("certificate: \"%s\" is no DNS name", name);
    list.push_back("DNS:" + name);
  }
  for (const auto& address : names.addresses) {
    Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> parsed(a2i_IPADDRESS(address.c_str()));
    if (!parsed) return invalid("certificate: \"%s\" is no IP address", address);
    list.push_back("IP:" + address);
  }
  if (list.empty()) return invalid("certificate: a server needs a name or an address");
  return join(list, ",");
}

std::vector<Extension> leaf_extensions(const char* usage) {
  return {{NID_basic_constraints, "critical,CA:FALSE"},
          {NID_key_usage, "critical,digitalSignature"},
          {NID_ext_key_usage, usage},
          {NID_subject_key_identifier, "hash"},
          {NID_authority_key_identifier, "keyid:always"}};
}

}  // namespace

Result<Identity> make_authority(const std::string& common_name, const Validity& validity) {
  Subject subject;
  subject.common_name = common_name;
  return sign(subject, validity,
              {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
               {NID_key_usage, "critical,keyCertSign,cRLSign"},
               {NID_subject_key_identifier, "hash"}},
              nullptr);
}

Result<Identity> issue_server_certificate(const Identity& authority, const ServerNames& names,
                                          const Validity& validity) {
  GANTRY_TRY_ASSIGN(const auto issuer, read_issuer(authority));
  GANTRY_TRY_ASSIGN(auto alternatives, alternative_names(names));
  auto extensions = leaf_extensions("serverAuth");
  extensions.push_back({NID_subject_alt_name, std::move(alternatives)});
  Subject subject;
  // Only the alternative names count (RFC 9525); this one is for people and has to be short.
  const auto& first = names.dns.empty() ? names.addresses.front() : names.dns.front();
  subject.common_name = first.size() <= kCommonNameMax ? first : "server";
  return sign(subject, validity, extensions, &issuer);
}

Result<Identity> issue_client_certificate(const Identity& authority, const Subject& subject,
                                          const Validity& validity) {
  GANTRY_TRY_ASSIGN(const auto issuer, read_issuer(authority));
  return sign(subject, validity, leaf_extensions("clientAuth"), &issuer);
}

}  // namespace gantry::crypto
