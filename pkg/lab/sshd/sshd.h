#pragma once
// Sshd: a real OpenSSH server on a loopback port whose one key runs one command.
#include <cstdint>
#include <string>

#include "pkg/lab/lxc/process.h"

namespace gantry::lab {

struct SshdOptions {
  std::string folder;          // absolute; keys, configuration and log go there
  std::string forced_command;  // one line, for /bin/sh: what the client's key may run
  std::string address = "127.0.0.1";
  uint16_t port = 0;            // 0: a free one
  std::string client_key = {};  // private key file of the client; made where missing; default:
                                // in `folder`
};

// Owns the server process; destroying it ends the server and the sessions it has. Calls block.
class Sshd {
 public:
  // Makes host and client keys (once a folder), writes the configuration and waits until the port
  // answers.
  static Result<Sshd> start(const SshdOptions& options);

  uint16_t port() const { return port_; }
  // The line for knownHosts: "[127.0.0.1]:40022 ssh-ed25519 …".
  const std::string& known_hosts() const { return known_hosts_; }
  // The client's private key file, mode 0600, and its text.
  const std::string& key_file() const { return key_file_; }
  const std::string& key() const { return key_; }
  void stop() { process_.stop(); }

 private:
  Status launch(const SshdOptions& options, const std::string& host_key);
  lxc::Daemon process_;
  uint16_t port_ = 0;
  std::string known_hosts_, key_file_, key_;
};

// Ends the server that a killed lab left running in this folder.
void remove_sshd(const std::string& folder);

}  // namespace gantry::lab
