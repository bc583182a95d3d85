#include "pkg/lab/sshd/sshd.h"

#include <filesystem>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/base/text.h"
#include "pkg/lab/lxc/fd.h"
#include "pkg/lab/lxc/instance.h"

namespace gantry::lab {
namespace {

using lxc::Fd;
using lxc::os_error;
using lxc::read_file;
using lxc::write_file;

constexpr int kPollMs = 10;

sockaddr_in address_of(const std::string& host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

// sshd cannot be given port 0. Somebody may take the port before sshd does; start() tries again.
Result<uint16_t> free_port(const std::string& host) {
  const Fd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = address_of(host, 0);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (bind(probe.get(), raw, size) != 0 || getsockname(probe.get(), raw, &size) != 0)
    return os_error("no free port on " + host);
  return ntohs(address.sin_port);
}

bool answers(const std::string& host, uint16_t port) {
  const Fd probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = address_of(host, port);
  return connect(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

Status ensure_key(const std::string& file) {
  if (read_file(file).ok()) return {};
  return lxc::run_checked({.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C",
                                    "gantry-lab", "-f", file}})
      .status();
}

// "ssh-ed25519 AAAA…" of "ssh-ed25519 AAAA… comment".
Result<std::string> public_half(const std::string& file) {
  GANTRY_TRY_ASSIGN(const auto text, read_file(file + ".pub"));
  const auto words = split(trim(text), ' ');
  if (words.size() < 2) return internal("%s.pub is no public key", file);
  return words[0] + " " + words[1];
}

std::string quoted(std::string text) {
  std::string result = "\"";
  for (const char c : text) result += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return result + "\"";
}

std::string pid_file(const std::string& folder) {
  return folder + "/sshd.pid";
}

// HOME: whoever runs the lab is root's user here, and bash reads his ~/.bashrc for each command of
// sshd's; a developer's takes longer than the command.
std::string configuration(const SshdOptions& options, uint16_t port, const std::string& host_key) {
  return absl::StrFormat(
      "ListenAddress %s:%d\nHostKey %s\nPidFile %s\nAuthorizedKeysFile %s/authorized_keys\n"
      "PermitRootLogin forced-commands-only\nPasswordAuthentication no\n"
      "KbdInteractiveAuthentication no\nUsePAM no\nStrictModes no\nAllowTcpForwarding no\n"
      "X11Forwarding no\nPermitTTY yes\nPrintMotd no\nMaxStartups 100\nMaxSessions 100\n"
      "ClientAliveInterval 15\nUseDNS no\nSetEnv HOME=%s\n",
      options.address, port, host_key, pid_file(options.folder), options.folder, options.folder);
}

}  // namespace

Result<Sshd> Sshd::start(const SshdOptions& options) {
  std::error_code code;
  std::filesystem::create_directories(options.folder, code);
  // sshd's own privilege separation folder; the package's service makes it at boot.
  if (mkdir("/run/sshd", 0755) != 0 && errno != EEXIST) return os_error("/run/sshd");
  remove_sshd(options.folder);
  const auto host_key = options.folder + "/host_key";
  Sshd server;
  server.key_file_ =
      options.client_key.empty() ? options.folder + "/client_key" : options.client_key;
  GANTRY_TRY(ensure_key(host_key));
  GANTRY_TRY(ensure_key(server.key_file_));
  GANTRY_TRY_ASSIGN(server.key_, read_file(server.key_file_));
  GANTRY_TRY_ASSIGN(const auto client, public_half(server.key_file_));
  GANTRY_TRY(write_file(
      options.folder + "/authorized_keys",
      "command=" + quoted(options.forced_command) + ",restrict,pty " + client + "\n", 0600));
  Status last;
  for (int attempt = 0; attempt < 5; ++attempt) {
    last = server.launch(options, host_key);
    if (last.ok()) break;
  }
  GANTRY_TRY(last);
  GANTRY_TRY_ASSIGN(const auto host, public_half(host_key));
  server.known_hosts_ = absl::StrFormat("[%s]:%d %s", options.address, server.port_, host);
  return server;
}

Status Sshd::launch(const SshdOptions& options, const std::string& host_key) {
  port_ = options.port;
  if (port_ == 0) {
    GANTRY_TRY_ASSIGN(port_, free_port(options.address));
  }
  const auto config = options.folder + "/sshd_config";
  GANTRY_TRY(write_file(config, configuration(options, port_, host_key), 0600));
  const auto log = options.folder + "/sshd.log";
  GANTRY_TRY_ASSIGN(process_,
                    lxc::Daemon::start({"/usr/sbin/sshd", "-D", "-e", "-f", config}, log));
  for (int waited = 0; waited < 500 && process_.is_running(); ++waited) {
    if (answers(options.address, port_)) return {};
    poll(nullptr, 0, kPollMs);
  }
  process_.stop();
  return error(ErrorClass::remote, "sshd did not start on port %d: %s", port_,
               split(trim(read_file(log).value_or("")), '\n').back());
}

void remove_sshd(const std::string& folder) {
  const auto pid = read_file(pid_file(folder));
  if (!pid.ok()) return;
  lxc::end_stray(static_cast<pid_t>(parse_integer(trim(*pid)).value_or(0)), folder);
  unlink(pid_file(folder).c_str());
}

}  // namespace gantry::lab
