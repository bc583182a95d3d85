#pragma once
// X.509 certificates: making them, and reading what they say. Keys are EC P-256.
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/status.h"
#include "pkg/base/time.h"

struct x509_st;  // OpenSSL's X509

namespace gantry::crypto {

// A certificate and its private key, both PEM. The key is a secret: never log it.
struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

struct Subject {
  std::string common_name;
  std::vector<std::string> organizations;
};

struct Validity {
  Time from;
  Time to;
};

// What a server is called: DNS names ("localhost", "*.example.com") and IP addresses.
struct ServerNames {
  std::vector<std::string> dns;
  std::vector<std::string> addresses;
};

// A self-signed authority that can sign leaves and nothing else (path length 0).
Result<Identity> make_authority(const std::string& common_name, const Validity& validity);
// A certificate for TLS servers, signed by `authority`. The first name is also the CN.
// kInvalid without a name, with a broken address, or with a broken authority.
Result<Identity> issue_server_certificate(const Identity& authority, const ServerNames& names,
                                          const Validity& validity);
// A certificate for TLS clients: CN is the user, O its groups.
Result<Identity> issue_client_certificate(const Identity& authority, const Subject& subject,
                                          const Validity& validity);

// What a certificate says.
struct CertificateFacts {
  Subject subject;
  Subject issuer;
  Validity validity;
  std::string fingerprint;  // sha256, "AA:BB:…"
  ServerNames names;
  bool is_authority = false;
};
// The first certificate of a PEM text; kInvalid when there is none.
Result<CertificateFacts> read_certificate(std::string_view pem);

// "aa:bb…", "AABB…" to "AA:BB:…"; kInvalid unless it is a sha256 (32 bytes).
Result<std::string> normalize_fingerprint(std::string_view text);

// The same facts of a certificate that a TLS library holds; none of these fail or take ownership.
std::string fingerprint(x509_st* certificate);
Subject subject_of(x509_st* certificate);
Time expiry_of(x509_st* certificate);
// "CN=pve1, issued by CN=PVE CA, valid 2026-01-01T00:00:00Z to …": for error messages.
std::string describe(x509_st* certificate);

}  // namespace gantry::crypto
