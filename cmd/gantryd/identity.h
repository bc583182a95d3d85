#pragma once
// The daemon's own identity: its CA, its server certificate, the first admin token.
#include <string>
#include <vector>

#include "pkg/base/random.h"
#include "pkg/base/status.h"
#include "pkg/crypto/certificates.h"
#include "pkg/http/beast/server.h"

namespace gantry::daemon {

struct IdentityOptions {
  std::string folder;              // ca.pem, ca.key, server.pem, server.key, admin.kubeconfig
  std::vector<std::string> names;  // DNS names and addresses clients use
  std::string certificate_file;    // given ones instead of self-made; both or none
  std::string key_file;
  std::string client_ca_file;  // signs the certificates of clients; empty: the folder's own CA
};

struct ServerIdentity {
  http::beast::TlsIdentity tls;
  std::string ca_pem;  // what clients must trust; empty with a given certificate
};

// Reads what the folder has and makes what is missing: a CA for ten years, a server certificate for
// one, renewed a month before its end. Keys have mode 0600. kInvalid names the file and what is
// wrong with it; nothing existing is overwritten but the server certificate.
Result<ServerIdentity> load_identity(const IdentityOptions& options, Time now);

// A kubeconfig with that token.
std::string make_kubeconfig(const std::string& server, const std::string& ca_pem,
                            const std::string& token);

// Writes a file that only the owner may read, atomically.
Status write_private_file(const std::string& path, const std::string& content);
Result<std::string> read_file(const std::string& path);

}  // namespace gantry::daemon
