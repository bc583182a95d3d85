#include "tests/bench/api/daemon.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/base/check.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::bench {
namespace {

namespace fs = std::filesystem;

std::string whole_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

uint16_t free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  GANTRY_CHECK(::bind(probe, generic, size) == 0);
  GANTRY_CHECK(::getsockname(probe, generic, &size) == 0);
  ::close(probe);
  return ntohs(address.sin_port);
}

std::string beside_us(const std::string& program) {
  return (fs::read_symlink("/proc/self/exe").parent_path() / program).string();
}

bool accepts(uint16_t port) {
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(probe);
  return connected;
}

}  // namespace

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Daemon::Daemon(std::string conninfo) : conninfo_(std::move(conninfo)) {
  char name[] = "/tmp/gantry-bench-XXXXXX";
  GANTRY_CHECK(::mkdtemp(name) != nullptr);
  folder_ = name;
  start();
}

void Daemon::start() {
  port_ = free_port();
  const auto began = now_seconds();
  launch();
  while (!accepts(port_) || !fs::exists(folder_ + "/admin.kubeconfig")) wait_a_little();
  while (true) {
    const auto config = schema::parse_yaml(whole_file(folder_ + "/admin.kubeconfig"));
    GANTRY_CHECK(config.ok());
    const auto& value = config->front().value;
    token_ = value.find("users")->as_array().at(0).find("user")->string_or("token", "");
    if (!token_.empty()) break;
  }
  trust_ = std::make_unique<TlsTrustStore>(folder_ + "/ca.pem");
  while (!is_ready()) wait_a_little();
  seconds_to_ready_ = now_seconds() - began;
}

// It shall not be waited for when it has ended.
void Daemon::wait_a_little() const {
  const bool ended = ::waitpid(pid_, nullptr, WNOHANG) != 0;
  if (ended) std::fputs(whole_file(folder_ + "/log").c_str(), stderr);
  GANTRY_CHECK(!ended);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

bool Daemon::is_ready() const {
  return connect()->send("GET", "/readyz").status == 200;
}

void Daemon::launch() {
  pid_ = ::fork();
  GANTRY_CHECK(pid_ >= 0);
  if (pid_ > 0) return;
  const int log = ::open((folder_ + "/log").c_str(), O_CREAT | O_WRONLY, 0600);
  ::dup2(log, 1);
  ::dup2(log, 2);
  const auto program = beside_us("gantryd");
  const auto listen = "127.0.0.1:" + std::to_string(port_);
  ::execl(program.c_str(), "gantryd", "--data", folder_.c_str(), "--listen", listen.c_str(),
          "--database", conninfo_.c_str(), nullptr);
  ::_exit(127);
}

void Daemon::stop() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

Daemon::~Daemon() {
  stop();
  fs::remove_all(folder_);
}

std::unique_ptr<TlsClient> Daemon::connect() const {
  return std::make_unique<TlsClient>(*trust_, port_, token_);
}

double Daemon::cpu_seconds() const {
  // proc(5): utime and stime are fields 14 and 15; the name in field 2 has no spaces.
  const auto fields = split(whole_file("/proc/" + std::to_string(pid_) + "/stat"), ' ');
  const auto ticks = *parse_integer(fields.at(13)) + *parse_integer(fields.at(14));
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double Daemon::resident_bytes() const {
  const auto fields = split(whole_file("/proc/" + std::to_string(pid_) + "/statm"), ' ');
  return static_cast<double>(*parse_integer(fields.at(1)) * ::sysconf(_SC_PAGESIZE));
}

}  // namespace gantry::bench
