#include "cmd/gantryd/identity.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::daemon {
namespace {

using std::chrono::days;

constexpr days kAuthorityLife{3650};
constexpr days kServerLife{365};
constexpr days kRenewBefore{30};
// Clocks of clients may be behind.
constexpr std::chrono::hours kSkew{1};

bool exists(const std::string& path) {
  return std::filesystem::exists(path);
}

Status failed(const std::string& path, const std::string& what) {
  return invalid("%s: %s: %s", path, what, std::string(std::strerror(errno)));
}

crypto::ServerNames names_of(const std::vector<std::string>& names) {
  crypto::ServerNames result;
  for (const auto& name : names) {
    const bool address = name.find(':') != std::string::npos ||
                         name.find_first_not_of("0123456789.") == std::string::npos;
    (address ? result.addresses : result.dns).push_back(name);
  }
  return result;
}

Result<crypto::Identity> load_authority(const std::string& folder, Time now) {
  const auto certificate_path = folder + "/ca.pem";
  const auto key_path = folder + "/ca.key";
  crypto::Identity authority;
  if (exists(certificate_path) && exists(key_path)) {
    GANTRY_TRY_ASSIGN(authority.certificate_pem, read_file(certificate_path));
    GANTRY_TRY_ASSIGN(authority.key_pem, read_file(key_path));
    return authority;
  }
  if (exists(certificate_path) || exists(key_path))
    return invalid(
        "%s: one of ca.pem and ca.key is missing; restore it, or remove both to make a "
        "new authority (all kubeconfigs must then be made anew)",
        folder);
  GANTRY_TRY_ASSIGN(authority,
                    crypto::make_authority("gantry", {now - kSkew, now + kAuthorityLife}));
  GANTRY_TRY(write_private_file(key_path, authority.key_pem));
  GANTRY_TRY(write_private_file(certificate_path, authority.certificate_pem));
  return authority;
}

bool covers(const crypto::CertificateFacts& facts, const crypto::ServerNames& wanted) {
  const auto within = [](const std::vector<std::string>& all,
                         const std::vector<std::string>& some) {
    return std::ranges::all_of(some, [&all](const std::string& name) {
      return std::ranges::find(all, name) != all.end();
    });
  };
  return within(facts.names.dns, wanted.dns) && within(facts.names.addresses, wanted.addresses);
}

bool is_good(const std::string& pem, const crypto::ServerNames& names, Time now) {
  const auto facts = crypto::read_certificate(pem);
  return facts.ok() && facts->validity.to > now + kRenewBefore && covers(*facts, names);
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed(path, "cannot be read");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Status write_private_file(const std::string& path, const std::string& content) {
  const auto temporary = path + ".new";
  ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed(temporary, "cannot be created");
  const auto written = ::write(fd, content.data(), content.size());
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  if (written != static_cast<ssize_t>(content.size()) || !synced)
    return failed(temporary, "cannot be written");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed(path, "cannot be replaced");
  return {};
}

Result<ServerIdentity> load_identity(const IdentityOptions& options, Time now) {
  ServerIdentity identity;
  if (!options.client_ca_file.empty()) {
    GANTRY_TRY_ASSIGN(identity.tls.client_ca_pem, read_file(options.client_ca_file));
  }
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) return invalid("%s: cannot be created: %s", options.folder, error.message());
  GANTRY_TRY_ASSIGN(const auto authority, load_authority(options.folder, now));
  if (options.client_ca_file.empty()) identity.tls.client_ca_pem = authority.certificate_pem;
  if (!options.certificate_file.empty()) {
    GANTRY_TRY_ASSIGN(identity.tls.certificate_chain_pem, read_file(options.certificate_file));
    GANTRY_TRY_ASSIGN(identity.tls.key_pem, read_file(options.key_file));
    return identity;
  }
  identity.ca_pem = authority.certificate_pem;
  const auto certificate_path = options.folder + "/server.pem";
  const auto key_path = options.folder + "/server.key";
  const auto names = names_of(options.names);
  if (exists(certificate_path) && exists(key_path)) {
    GANTRY_TRY_ASSIGN(identity.tls.certificate_chain_pem, read_file(certificate_path));
    GANTRY_TRY_ASSIGN(identity.tls.key_pem, read_file(key_path));
    if (is_good(identity.tls.certificate_chain_pem, names, now)) return identity;
  }
  GANTRY_TRY_ASSIGN(const auto server, crypto::issue_server_certificate(
                                           authority, names, {now - kSkew, now + kServerLife}));
  identity.tls.certificate_chain_pem = server.certificate_pem;
  identity.tls.key_pem = server.key_pem;
  GANTRY_TRY(write_private_file(key_path, server.key_pem));
  GANTRY_TRY(write_private_file(certificate_path, server.certificate_pem));
  return identity;
}

std::string make_kubeconfig(const std::string& server, const std::string& ca_pem,
                            const std::string& token) {
  Json cluster;
  cluster.set("server", server);
  if (!ca_pem.empty()) cluster.set("certificate-authority-data", base64_encode(ca_pem));
  Json user;
  user.set("token", token);
  Json context;
  context.set("cluster", "gantry");
  context.set("user", "admin");
  context.set("namespace", "default");
  const auto entry = [](std::string_view name, std::string_view what, Json body) {
    Json item;
    item.set("name", name);
    item.set(what, std::move(body));
    Json list = Json::array();
    list.push_back(std::move(item));
    return list;
  };
  Json config;
  config.set("apiVersion", "v1");
  config.set("kind", "Config");
  config.set("current-context", "gantry");
  config.set("clusters", entry("gantry", "cluster", std::move(cluster)));
  config.set("users", entry("admin", "user", std::move(user)));
  config.set("contexts", entry("gantry", "context", std::move(context)));
  return schema::to_yaml(config);
}

}  // namespace gantry::daemon
