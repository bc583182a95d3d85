#include "cmd/gantryctl/local.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

#include "pkg/crypto/certificates.h"
#include "pkg/store/sealed/keyring.h"

namespace gantry::ctl {
namespace {

// Clocks may differ.
constexpr auto kSkew = std::chrono::minutes(5);

Status failed(const std::string& path, const char* what) {
  return invalid("%s: %s: %s", path, std::string(what), std::string(std::strerror(errno)));
}

Result<std::string> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed(path, "cannot be read");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Status write_new(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed(path, "cannot be created");
  const bool written = ::write(fd, text.data(), text.size()) == std::ssize(text);
  ::close(fd);
  return written ? Status() : failed(path, "cannot be written");
}

}  // namespace

Result<std::string> issue_certificate(const CertificateOptions& options, Time now) {
  if (options.user.empty() || options.user.find('/') != std::string::npos)
    return invalid("\"%s\" cannot be the name of a user with a certificate", options.user);
  crypto::Identity authority;
  GANTRY_TRY_ASSIGN(authority.certificate_pem, read(options.authority + "/ca.pem"));
  GANTRY_TRY_ASSIGN(authority.key_pem, read(options.authority + "/ca.key"));
  GANTRY_TRY_ASSIGN(const auto issued,
                    crypto::issue_client_certificate(authority, {options.user, options.groups},
                                                     {now - kSkew, now + options.lifetime}));
  const auto base = options.out + "/" + options.user;
  GANTRY_TRY(write_new(base + ".key", issued.key_pem));
  GANTRY_TRY(write_new(base + ".crt", issued.certificate_pem));
  return absl::StrFormat(
      "wrote %s.crt and %s.key, good until %s; use them with\n"
      "kubectl config set-credentials %s --embed-certs --client-certificate %s.crt "
      "--client-key %s.key",
      base, base, to_rfc3339(now + options.lifetime), options.user, base, base);
}

Result<std::string> rotate_sealing_key(const std::string& path, Random& random) {
  GANTRY_TRY_ASSIGN(auto ring, store::load_keyring(path));
  store::rotate(ring, random);
  GANTRY_TRY(store::save_keyring(path, ring));
  return absl::StrFormat(
      "%s is the current key now. Copy %s to every gantryd of this installation, then restart "
      "them: the first one seals all Secrets anew. Keep the older keys for older backups.",
      ring.current, path);
}

Result<std::string> list_sealing_keys(const std::string& path) {
  GANTRY_TRY_ASSIGN(const auto ring, store::load_keyring(path));
  std::string text;
  for (const auto& [name, key] : ring.keys)
    text += (text.empty() ? "" : "\n") + name + (name == ring.current ? " (current)" : "");
  return text;
}

}  // namespace gantry::ctl
