// gantryd: flags.
#include <iostream>

#include <CLI/CLI.hpp>

#include "cmd/gantryd/daemon.h"
#include "pkg/base/text.h"

namespace {

// "127.0.0.1:6443", "[::1]:6443".
bool split_address(const std::string& text, std::string& address, uint16_t& port) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  const auto number = gantry::parse_integer(text.substr(colon + 1));
  if (!number || *number < 0 || *number > 65535) return false;
  address = text.substr(0, colon);
  if (address.size() > 1 && address.front() == '[') address = address.substr(1, address.size() - 2);
  port = static_cast<uint16_t>(*number);
  return !address.empty();
}

}  // namespace

int main(int argc, char** argv) {
  gantry::daemon::Options options;
  std::string listen = "127.0.0.1:6443", metrics, level = "info", format = "text";
  CLI::App app("Gantry's control plane: stores what you want, and keeps Proxmox like that.");
  app.set_version_flag("--version", GANTRY_VERSION);
  app.set_config("--config", "", "a file with these options");
  app.add_option("--data", options.data_folder, "folder of the CA and the admin's kubeconfig");
  app.add_option("--listen", listen, "ADDRESS:PORT of the API");
  app.add_option("--name", options.names, "further names of the server's certificate");
  auto* certificate = app.add_option("--tls-certificate", options.certificate_file,
                                     "PEM chain instead of a self-made certificate");
  auto* key = app.add_option("--tls-key", options.key_file, "its PEM key");
  certificate->needs(key);
  key->needs(certificate);
  app.add_option("--database", options.database, "libpq conninfo; keep the password out of it");
  app.add_option("--database-password-file", options.database_password_file,
                 "file of its password");
  app.add_option("--change-log-hours", options.change_log_hours,
                 "how long changes are kept for watches that go on after a restart")
      ->check(CLI::Range(1, 24 * 365));
  app.add_option("--change-log-max", options.change_log_max, "and how many of them")
      ->check(CLI::PositiveNumber);
  app.add_option("--event-hours", options.event_hours,
                 "how long Events are kept after they last happened")
      ->check(CLI::Range(1, 24 * 365));
  app.add_option("--metrics-listen", metrics, "ADDRESS:PORT of /metrics in plain HTTP");
  app.add_option("--client-ca", options.client_ca_file,
                 "PEM of the authority of client certificates; without it our own, of --data");
  app.add_option("--secrets-key", options.secrets_key_file,
                 "key file that seals Secrets in the database; DATA/secrets.key unless said");
  app.add_option("--audit-log", options.audit_log,
                 "file of the audit log; - for standard output; off for none");
  app.add_option("--audit-log-mebibytes", options.audit_mebibytes, "before it is rotated")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--audit-log-keep", options.audit_keep, "rotated files that stay")
      ->check(CLI::Range(0, 1000));
  auto& oidc = options.oidc;
  app.add_option("--oidc-issuer", oidc.issuer, "https URL of an OpenID Connect issuer");
  app.add_option("--oidc-client-id", oidc.client_id, "audience of its tokens");
  app.add_option("--oidc-username-claim", oidc.username_claim, "claim that names the user");
  app.add_option("--oidc-username-prefix", oidc.username_prefix,
                 "before the name; - for none; the issuer and # unless said (none for email)");
  app.add_option("--oidc-groups-claim", oidc.groups_claim, "claim that lists the groups");
  app.add_option("--oidc-groups-prefix", oidc.groups_prefix, "before each of them");
  app.add_option("--oidc-ca", options.oidc_ca_file, "PEM of the authority of the issuer's server");
  app.add_option("--callback-url", options.callback_url,
                 "https://HOST:PORT of this API as containers reach it; they may then call back");
  app.add_option("--log-level", level)->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.add_option("--log-format", format)->check(CLI::IsMember({"text", "json"}));
  CLI11_PARSE(app, argc, argv);

  if (!split_address(listen, options.address, options.port)) {
    std::cerr << "gantryd: --listen " << listen << ": must be ADDRESS:PORT\n";
    return 2;
  }
  if (!metrics.empty() && !split_address(metrics, options.metrics_address, options.metrics_port)) {
    std::cerr << "gantryd: --metrics-listen " << metrics << ": must be ADDRESS:PORT\n";
    return 2;
  }
  gantry::log::configure(gantry::log::parse_level(level, gantry::log::Level::info),
                         format == "json" ? gantry::log::Format::json : gantry::log::Format::text);
  const auto ended = gantry::daemon::run(options);
  if (ended.ok()) return 0;
  std::cerr << "gantryd: " << gantry::message_of(ended) << "\n";
  return 1;
}
