#include "pkg/guest/ssh/session.h"

#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gantry::guest::ssh {
namespace {

std::string place_of(const Endpoint& endpoint) {
  return absl::StrFormat("ssh %s@%s:%d", endpoint.user, endpoint.host, endpoint.port);
}

// A peer that vanished without a word is noticed within about half a minute.
void keep_alive(socket_t socket) {
  const int on = 1;
  const int idle_seconds = 15;
  const int interval_seconds = 5;
  const int probes = 3;
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::string fingerprint_of(ssh_session session) {
  ssh_key raw = nullptr;
  if (ssh_get_server_publickey(session, &raw) != SSH_OK) return "unknown";
  const KeyHandle key(raw);
  unsigned char* hash = nullptr;
  size_t size = 0;
  if (ssh_get_publickey_hash(key.get(), SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != 0)
    return "unknown";
  char* text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
  ssh_clean_pubkey_hash(&hash);
  if (text == nullptr) return "unknown";
  std::string result = std::string(ssh_key_type_to_char(ssh_key_type(key.get()))) + " " + text;
  ssh_string_free_char(text);
  return result;
}

Status verify_host(ssh_session session, const std::string& place) {
  const auto known = ssh_session_is_known_server(session);
  if (known == SSH_KNOWN_HOSTS_OK) return {};
  const auto shown = fingerprint_of(session);
  if (known == SSH_KNOWN_HOSTS_CHANGED || known == SSH_KNOWN_HOSTS_OTHER)
    return error(ErrorClass::tls,
                 "%s: the host key has changed: it is now %s, which knownHosts does not hold",
                 place, shown);
  return error(ErrorClass::tls,
               "%s: the host key %s is unknown; verify it and add it to knownHosts", place, shown);
}

// kex and connection errors come as text only.
Status connect_error(ssh_session session, const std::string& place) {
  const std::string text = ssh_get_error(session);
  const bool kex = text.find("kex error") != std::string::npos ||
                   text.find("no match for method") != std::string::npos;
  return error(kex ? ErrorClass::tls : ErrorClass::transport, "%s: %s", place, text);
}

}  // namespace

void FreeSession::operator()(ssh_session session) const {
  ssh_silent_disconnect(session);
  ssh_free(session);
}

Result<KeyHandle> read_private_key(const std::string& text) {
  ssh_key key = nullptr;
  if (ssh_pki_import_privkey_base64(text.c_str(), nullptr, nullptr, nullptr, &key) != SSH_OK)
    return invalid(
        "the ssh private key cannot be read: an OpenSSH key without passphrase is needed");
  return KeyHandle(key);
}

KnownHosts::KnownHosts(const std::string& text)
    : fd_(memfd_create("known_hosts", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(fd_)) {
  // A host that the text does not name is refused, so a short write only makes us stricter.
  if (write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    path_ = "/dev/null";
}
KnownHosts::~KnownHosts() {
  if (fd_ >= 0) close(fd_);
}

Result<SessionHandle> connect(const Endpoint& endpoint, const KnownHosts& known, ssh_key key,
                              Duration timeout) {
  SessionHandle session(ssh_new());
  const auto place = place_of(endpoint);
  const unsigned int port = endpoint.port;
  const int config = 0;
  const long seconds = std::max<long>(
      1, static_cast<long>(std::chrono::ceil<std::chrono::seconds>(timeout).count()));
  ssh_options_set(session.get(), SSH_OPTIONS_PROCESS_CONFIG, &config);
  ssh_options_set(session.get(), SSH_OPTIONS_HOST, endpoint.host.c_str());
  ssh_options_set(session.get(), SSH_OPTIONS_PORT, &port);
  ssh_options_set(session.get(), SSH_OPTIONS_USER, endpoint.user.c_str());
  ssh_options_set(session.get(), SSH_OPTIONS_TIMEOUT, &seconds);
  ssh_options_set(session.get(), SSH_OPTIONS_KNOWNHOSTS, known.path().c_str());
  ssh_options_set(session.get(), SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");

  if (ssh_connect(session.get()) != SSH_OK) return connect_error(session.get(), place);
  keep_alive(ssh_get_fd(session.get()));
  GANTRY_TRY(verify_host(session.get(), place));
  const int answer = ssh_userauth_publickey(session.get(), nullptr, key);
  if (answer == SSH_AUTH_ERROR) return connect_error(session.get(), place);
  if (answer != SSH_AUTH_SUCCESS)
    return error(ErrorClass::auth, "%s: the node does not accept our key", place);
  return session;
}

}  // namespace gantry::guest::ssh
