#include "pkg/http/beast/tls.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "pkg/crypto/certificates.h"

namespace gantry::http::beast {
namespace {

namespace ssl = asio::ssl;
using ErrorCode = boost::system::error_code;

int refusal_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// The names that people find in conditions: design.md's TLS split.
std::string_view name_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "Expired";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "NameMismatch";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_INVALID_CA:
      return "UnknownCA";
    default:
      return "BadCertificate";
  }
}

Status refuse_chain(X509_STORE_CTX* store) {
  const int error = X509_STORE_CTX_get_error(store);
  auto* culprit = X509_STORE_CTX_get_current_cert(store);
  const auto about = culprit != nullptr ? crypto::describe(culprit) : "no certificate";
  return gantry::error(ErrorClass::tls, "%s: %s (%s)", std::string(name_of(error)),
                       X509_verify_cert_error_string(error), about);
}

Status check_pin(X509_STORE_CTX* store, const std::string& want) {
  auto* leaf = X509_STORE_CTX_get0_cert(store);
  const auto got = leaf != nullptr ? crypto::fingerprint(leaf) : "no certificate";
  if (got == want) return {};
  return gantry::error(ErrorClass::tls, "PinMismatch: the certificate is %s, not the pinned %s",
                       got, want);
}

// OpenSSL asks this instead of verifying by itself. 1 is good.
int verify(X509_STORE_CTX* store, void* argument) {
  const auto& tls = *static_cast<const ClientTls*>(argument);
  auto* connection =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Status status;
  if (!tls.fingerprint.empty()) {
    status = check_pin(store, tls.fingerprint);
    X509_STORE_CTX_set_error(store, status.ok() ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  } else if (X509_verify_cert(store) != 1) {
    status = refuse_chain(store);
  }
  if (status.ok()) return 1;
  if (auto* refusal = static_cast<Status*>(SSL_get_ex_data(connection, refusal_index())))
    *refusal = status;
  return 0;
}

Status check(const ErrorCode& code, std::string_view what) {
  ERR_clear_error();
  if (!code) return {};
  return invalid("TLS: %s: %s", std::string(what), code.message());
}

asio::const_buffer view(const std::string& text) {
  return asio::buffer(text.data(), text.size());
}

Status set_identity(ssl::context& context, const std::string& chain, const std::string& key) {
  ErrorCode code;
  context.use_certificate_chain(view(chain), code);
  GANTRY_TRY(check(code, "the certificate chain is no PEM"));
  context.use_private_key(view(key), ssl::context::pem, code);
  return check(code, "the private key is no PEM or not the certificate's");
}

Status set_floor(ssl::context& context) {
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  if (SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION) == 1) return {};
  return internal("TLS: OpenSSL refuses TLS 1.2 as the lowest version");
}

Status trust_authorities(ssl::context& context, const std::string& ca_pem) {
  ErrorCode code;
  if (ca_pem.empty()) {
    context.set_default_verify_paths(code);
    return check(code, "the system's certificate authorities cannot be read");
  }
  context.add_certificate_authority(view(ca_pem), code);
  return check(code, "the certificate authority is no PEM");
}

}  // namespace

Result<std::shared_ptr<ClientTls>> make_client_tls(const TlsTrust& trust) {
  auto tls = std::make_shared<ClientTls>();
  auto& context = tls->context;
  GANTRY_TRY(set_floor(context));
  if (trust.fingerprint.empty()) {
    GANTRY_TRY(trust_authorities(context, trust.ca_pem));
  } else {
    GANTRY_TRY_ASSIGN(tls->fingerprint, crypto::normalize_fingerprint(trust.fingerprint));
  }
  if (!trust.client_certificate_pem.empty())
    GANTRY_TRY(set_identity(context, trust.client_certificate_pem, trust.client_key_pem));
  context.set_verify_mode(ssl::verify_peer);
  SSL_CTX_set_cert_verify_callback(context.native_handle(), verify, tls.get());
  return tls;
}

Result<std::shared_ptr<ssl::context>> make_server_tls(const TlsIdentity& identity) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  GANTRY_TRY(set_floor(*context));
  GANTRY_TRY(set_identity(*context, identity.certificate_chain_pem, identity.key_pem));
  // Sessions are resumed by tickets, which the clients keep; nothing is kept here.
  SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_OFF);
  if (identity.client_ca_pem.empty()) return context;
  GANTRY_TRY(trust_authorities(*context, identity.client_ca_pem));
  context->set_verify_mode(ssl::verify_peer);  // asked for, but a client may come without
  static constexpr unsigned char kSessions[] = "gantry";
  SSL_CTX_set_session_id_context(context->native_handle(), kSessions, sizeof kSessions - 1);
  return context;
}

Status prepare_verification(SSL* connection, const std::string& host, Status* refusal) {
  SSL_set_ex_data(connection, refusal_index(), refusal);
  ErrorCode no_address;
  asio::ip::make_address(host, no_address);
  // What the macro SSL_set_tlsext_host_name does, without its C cast; OpenSSL copies the text.
  const auto set_server_name = [&] {
    return SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(host.c_str())) == 1;
  };
  auto* parameters = SSL_get0_param(connection);
  const bool prepared =
      no_address ? set_server_name() &&
                       X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size()) == 1
                 : X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
  if (prepared) return {};
  return invalid("TLS: \"%s\" is neither a host name nor an address", host);
}

void read_peer_certificate(SSL* connection, Peer& peer) {
  auto* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr || SSL_get_verify_result(connection) != X509_V_OK) return;
  const auto subject = crypto::subject_of(certificate);
  peer.certificate_common_name = subject.common_name;
  peer.certificate_organizations = subject.organizations;
  peer.certificate_fingerprint = crypto::fingerprint(certificate);
  peer.certificate_expires = crypto::expiry_of(certificate);
}

}  // namespace gantry::http::beast
