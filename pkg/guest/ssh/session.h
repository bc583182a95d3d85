#pragma once
// Session: one authenticated SSH connection to a node. Every call blocks; used by one thread at a
// time.
#include <cstdint>
#include <memory>
#include <string>

#include <libssh/libssh.h>

#include "pkg/base/status.h"
#include "pkg/base/time.h"

namespace gantry::guest::ssh {

struct Endpoint {
  std::string host;
  uint16_t port = 22;
  std::string user = "root";
};

struct FreeSession {
  void operator()(ssh_session session) const;
};
struct FreeKey {
  void operator()(ssh_key key) const { ssh_key_free(key); }
};
struct FreeChannel {
  void operator()(ssh_channel channel) const { ssh_channel_free(channel); }
};
using SessionHandle = std::unique_ptr<std::remove_pointer_t<ssh_session>, FreeSession>;
using KeyHandle = std::unique_ptr<std::remove_pointer_t<ssh_key>, FreeKey>;
using ChannelHandle = std::unique_ptr<std::remove_pointer_t<ssh_channel>, FreeChannel>;

// The key's text (OpenSSH or PEM, without passphrase). Invalid never quotes it.
Result<KeyHandle> read_private_key(const std::string& text);

// A known_hosts text as a file that exists in memory only, for libssh to read.
class KnownHosts {
 public:
  explicit KnownHosts(const std::string& text);
  ~KnownHosts();
  KnownHosts(const KnownHosts&) = delete;
  KnownHosts& operator=(const KnownHosts&) = delete;
  const std::string& path() const { return path_; }

 private:
  int fd_ = -1;
  std::string path_;
};

// Connects, verifies the host key against `known` and authenticates with `key`. Transport (refused,
// unreachable, DNS, silence), TLS (host key unknown or changed; the message holds its fingerprint,
// and nothing is ever accepted or learnt), Auth (the key was refused).
Result<SessionHandle> connect(const Endpoint& endpoint, const KnownHosts& known, ssh_key key,
                              Duration timeout);

}  // namespace gantry::guest::ssh
