#pragma once
// What gantryd is told on its command line.
#include <cstdint>
#include <string>
#include <vector>

#include "pkg/apiserver/authn/oidc.h"
#include "pkg/base/log.h"

namespace gantry::daemon {

struct Options {
  std::string data_folder = "/var/lib/gantry";  // CA, certificates, admin.kubeconfig
  std::string address = "127.0.0.1";
  uint16_t port = 6443;
  std::vector<std::string> names;  // further DNS names and addresses of the certificate
  std::string certificate_file, key_file;
  std::string database = "dbname=gantry";  // libpq's conninfo
  std::string database_password_file;
  // How long changes are kept: a watch may go on from so long ago, also after a restart.
  int change_log_hours = 24;
  int64_t change_log_max = 200'000;
  int event_hours = 24;         // how long Events are kept after they last happened
  std::string metrics_address;  // empty: metrics on the API port only
  uint16_t metrics_port = 0;
  std::string client_ca_file;     // whose client certificates are believed; empty: our own CA's
  std::string secrets_key_file;   // empty: secrets.key of the data folder
  std::string audit_log;          // path; "-": standard output; empty or "off": none
  uint64_t audit_mebibytes = 64;  // of a file before it is rotated
  int audit_keep = 10;            // rotated files
  apiserver::OidcOptions oidc;    // issuer empty: none
  std::string oidc_ca_file;       // empty: the system's authorities
  std::string callback_url;       // where containers reach the API; empty: they are not told
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::text;
};

}  // namespace gantry::daemon
