#pragma once
// A real gantryd over a real PostgreSQL with fsync on, as a process that can be measured.
#include <memory>
#include <string>
#include <vector>

#include "pkg/store/postgres/testing/private_server.h"
#include "tests/bench/api/tls_client.h"

namespace gantry::bench {

class Daemon {
 public:
  // Its first start, on a fresh database.
  explicit Daemon(std::string conninfo);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void stop();
  // Again, with the same keys. Returns when it is ready.
  void start();

  std::unique_ptr<TlsClient> connect() const;
  double cpu_seconds() const;     // user and system, of the whole process, so far
  double resident_bytes() const;  // and of nobody else
  double seconds_to_ready() const { return seconds_to_ready_; }
  uint16_t port() const { return port_; }

 private:
  void launch();
  bool is_ready() const;
  void wait_a_little() const;
  std::string conninfo_;
  std::string folder_;
  uint16_t port_ = 0;
  pid_t pid_ = 0;
  double seconds_to_ready_ = 0;
  std::unique_ptr<TlsTrustStore> trust_;
  std::string token_;
};

double now_seconds();

}  // namespace gantry::bench
