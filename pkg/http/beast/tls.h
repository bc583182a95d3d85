#pragma once
// TLS contexts and the one place that decides whether a server's certificate is good.
#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "pkg/http/beast/server.h"
#include "pkg/http/http.h"

namespace gantry::http::beast {

// What a client verifies with. Shared by all its connections.
struct ClientTls {
  ClientTls() : context(asio::ssl::context::tls_client) {}
  asio::ssl::context context;
  std::string fingerprint;  // "AA:BB:…"; empty: certificate authorities decide
};

// kInvalid when a PEM text or the fingerprint cannot be read.
Result<std::shared_ptr<ClientTls>> make_client_tls(const TlsTrust& trust);
Result<std::shared_ptr<asio::ssl::context>> make_server_tls(const TlsIdentity& identity);

// Prepares one client connection: the server name to ask for and to hold the certificate against.
// `refusal` is filled while the handshake runs, when the certificate is refused; it must outlive
// the SSL object's handshake.
Status prepare_verification(SSL* ssl, const std::string& host, Status* refusal);

// The verified client certificate's names; empty ones without a certificate.
void read_peer_certificate(SSL* ssl, Peer& peer);

}  // namespace gantry::http::beast
