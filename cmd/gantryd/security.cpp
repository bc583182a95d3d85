#include "cmd/gantryd/security.h"

#include <filesystem>
#include <map>

#include <sys/stat.h>

#include "cmd/gantryd/identity.h"
#include "pkg/base/log.h"
#include "pkg/http/beast/client.h"

namespace gantry::daemon {
namespace {

constexpr auto kFetchTimeout = std::chrono::seconds(10);
constexpr uint64_t kFetchBytesMax = 512 * 1024;

// One client an endpoint: the issuer's configuration may name another host for its keys.
class Fetcher {
 public:
  Fetcher(Executor executor, async::Clock& clock, std::string ca_pem)
      : executor_(std::move(executor)), clock_(clock) {
    trust_.ca_pem = std::move(ca_pem);
  }

  Async<Result<std::string>> fetch(std::string url) {
    const auto slash = url.find('/', std::string_view("https://").size());
    GANTRY_CO_TRY_ASSIGN(const auto endpoint, http::parse_endpoint(url.substr(0, slash)));
    if (!endpoint.tls) co_return invalid("%s: must be https", url);
    auto& client = clients_[http::to_string(endpoint)];
    if (!client) {
      http::beast::ClientOptions options;
      options.body_max = kFetchBytesMax;
      client = http::beast::make_client(executor_, clock_, endpoint, trust_, options);
    }
    http::Request request;
    request.target = slash == std::string::npos ? "/" : url.substr(slash);
    request.headers["Accept"] = "application/json";
    auto answer = co_await client->send(std::move(request), kFetchTimeout);
    if (!answer.ok()) co_return annotate(answer.status(), url);
    if (answer->status != 200)
      co_return error(ErrorClass::remote, "%s: answered %d", url, answer->status);
    co_return std::move(answer->body);
  }

 private:
  Executor executor_;
  async::Clock& clock_;
  http::TlsTrust trust_;
  std::map<std::string, std::unique_ptr<http::StreamingClient>> clients_;
};

Status check_private(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || (found.st_mode & 077) == 0) return {};
  return invalid("%s: others may read it; chmod 600 it, and replace it if they did", path);
}

}  // namespace

Async<Result<store::Keyring>> open_keyring(store::Backend& backend, std::string path,
                                           Random& random) {
  auto ring = store::load_keyring(path);
  if (ring.ok() || error_class(ring.status()) != ErrorClass::not_found) co_return ring;
  GANTRY_CO_TRY_ASSIGN(const bool needed, co_await store::holds_sealed(backend));
  if (needed)
    co_return invalid(
        "%s: the key file is missing, and the database holds Secrets that only its keys open; "
        "restore it (from another gantryd of this installation, or from its backup)",
        path);
  auto made = store::make_keyring(random);
  GANTRY_CO_TRY(store::save_keyring(path, made));
  log::info("made the key that seals Secrets; keep a copy of it, apart from the database's backups",
            {{"path", path}});
  co_return made;
}

Result<apiserver::AccountTokens> load_account_tokens(const std::string& folder) {
  const auto path = folder + "/service-account.key";
  if (!std::filesystem::exists(path)) {
    GANTRY_TRY_ASSIGN(const auto pem, crypto::SigningKey::make_pem());
    GANTRY_TRY(write_private_file(path, pem));
  }
  GANTRY_TRY(check_private(path));
  GANTRY_TRY_ASSIGN(const auto pems, read_file(path));
  auto tokens = apiserver::AccountTokens::make(pems);
  if (!tokens.ok()) return annotate(tokens.status(), path);
  return tokens;
}

Result<std::unique_ptr<apiserver::Oidc>> make_oidc(const Options& options, Executor executor,
                                                   async::Clock& clock) {
  const auto& oidc = options.oidc;
  if (oidc.issuer.empty()) return std::unique_ptr<apiserver::Oidc>();
  if (!oidc.issuer.starts_with("https://") || oidc.issuer.ends_with('/'))
    return invalid("--oidc-issuer %s: must be an https URL without a slash at the end",
                   oidc.issuer);
  if (oidc.client_id.empty()) return invalid("--oidc-client-id must be given with --oidc-issuer");
  std::string ca;
  if (!options.oidc_ca_file.empty()) {
    GANTRY_TRY_ASSIGN(ca, read_file(options.oidc_ca_file));
  }
  auto fetcher = std::make_shared<Fetcher>(std::move(executor), clock, std::move(ca));
  return std::make_unique<apiserver::Oidc>(
      oidc, [fetcher](std::string url) { return fetcher->fetch(std::move(url)); });
}

Result<std::unique_ptr<apiserver::AuditLog>> make_audit(const Options& options,
                                                        metrics::Registry& metrics) {
  if (options.audit_log.empty() || options.audit_log == "off")
    return std::unique_ptr<apiserver::AuditLog>();
  if (options.audit_log == "-")
    return std::make_unique<apiserver::AuditLog>(apiserver::audit_to_stdout(), metrics);
  apiserver::AuditFile file;
  file.path = options.audit_log;
  file.bytes_max = options.audit_mebibytes << 20;
  file.keep = options.audit_keep;
  GANTRY_TRY_ASSIGN(auto sink, apiserver::open_audit_file(file));
  return std::make_unique<apiserver::AuditLog>(std::move(sink), metrics);
}

}  // namespace gantry::daemon
