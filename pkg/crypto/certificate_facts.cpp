#include <algorithm>
#include <array>
#include <ctime>

#include <openssl/pem.h>

#include "pkg/base/text.h"
#include "pkg/crypto/certificates.h"
#include "pkg/crypto/openssl.h"

namespace gantry::crypto {
namespace {

constexpr size_t kSha256Bytes = 32;

std::string text_of(const ASN1_STRING* value) {
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, value);
  if (length < 0) return {};
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<size_t>(length));
  OPENSSL_free(utf8);
  return text;
}

std::vector<std::string> entries(const X509_NAME* name, int nid) {
  std::vector<std::string> values;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(name, nid, at))
    values.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))));
  return values;
}

Subject subject_of_name(const X509_NAME* name) {
  Subject subject;
  const auto common_names = entries(name, NID_commonName);
  if (!common_names.empty()) subject.common_name = common_names.back();
  subject.organizations = entries(name, NID_organizationName);
  return subject;
}

Time time_of(const ASN1_TIME* value) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(value, &parts) != 1) return Time{};
  return from_unix_seconds(timegm(&parts));
}

std::string colon_hex(std::string_view bytes) {
  std::string text = hex(bytes);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  std::string colons;
  for (size_t at = 0; at < text.size(); at += 2) {
    if (at > 0) colons += ':';
    colons += text.substr(at, 2);
  }
  return colons;
}

std::string address_text(const ASN1_OCTET_STRING* address) {
  const auto* data = ASN1_STRING_get0_data(address);
  const int length = ASN1_STRING_length(address);
  if (length == 4) return absl::StrFormat("%d.%d.%d.%d", data[0], data[1], data[2], data[3]);
  std::string text;
  for (int at = 0; at + 1 < length; at += 2)
    text += absl::StrFormat("%s%x", at > 0 ? ":" : "", data[at] * 256 + data[at + 1]);
  return text;
}

ServerNames names_of(const X509* certificate) {
  ServerNames names;
  Owned<GENERAL_NAMES, GENERAL_NAMES_free> all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int at = 0; all && at < sk_GENERAL_NAME_num(all.get()); ++at) {
    const auto* name = sk_GENERAL_NAME_value(all.get(), at);
    if (name->type == GEN_DNS) names.dns.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) names.addresses.push_back(address_text(name->d.iPAddress));
  }
  return names;
}

std::string name_text(const Subject& subject) {
  return "CN=" + (subject.common_name.empty() ? "(none)" : subject.common_name);
}

Validity validity_of(const X509* certificate) {
  Validity validity;
  validity.from = time_of(X509_get0_notBefore(certificate));
  validity.to = time_of(X509_get0_notAfter(certificate));
  return validity;
}

}  // namespace

Result<std::string> normalize_fingerprint(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits = to_lower(trim(text));
  std::erase(digits, ':');
  if (digits.size() != 2 * kSha256Bytes || digits.find_first_not_of(kDigits) != std::string::npos)
    return invalid("fingerprint \"%s\": not a sha256 like AA:BB:… (32 bytes)", std::string(text));
  std::string bytes;
  for (size_t at = 0; at < digits.size(); at += 2)
    bytes += static_cast<char>(kDigits.find(digits[at]) * 16 + kDigits.find(digits[at + 1]));
  return colon_hex(bytes);
}

std::string fingerprint(x509_st* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1) return {};
  return colon_hex({reinterpret_cast<const char*>(digest.data()), length});
}

Time expiry_of(X509* certificate) {
  return time_of(X509_get0_notAfter(certificate));
}

Subject subject_of(x509_st* certificate) {
  return subject_of_name(X509_get_subject_name(certificate));
}

std::string describe(x509_st* certificate) {
  const auto validity = validity_of(certificate);
  return absl::StrFormat("%s, issued by %s, valid %s to %s", name_text(subject_of(certificate)),
                         name_text(subject_of_name(X509_get_issuer_name(certificate))),
                         to_rfc3339(validity.from), to_rfc3339(validity.to));
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
  OwnedBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  OwnedCertificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!certificate) return invalid("certificate: no PEM certificate in the text");
  CertificateFacts facts;
  facts.subject = subject_of(certificate.get());
  facts.issuer = subject_of_name(X509_get_issuer_name(certificate.get()));
  facts.validity = validity_of(certificate.get());
  facts.fingerprint = fingerprint(certificate.get());
  facts.names = names_of(certificate.get());
  facts.is_authority = X509_check_ca(certificate.get()) == 1;
  return facts;
}

}  // namespace gantry::crypto
