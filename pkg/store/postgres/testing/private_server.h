#pragma once
// PrivateServer: a PostgreSQL of its own for a test program.
#include <memory>
#include <string>

#include <sys/types.h>

#include "pkg/base/status.h"

namespace gantry::store::postgres::testing {

struct PrivateServerOptions {
  // Off: fast, and safe against anything but a crash of the machine (which no test makes).
  bool fsync = false;
  // More lines for postgresql.conf.
  std::string settings;
};

// initdb in a temporary folder and a server on a Unix socket there (no TCP port, so many run side
// by side); as user postgres or nobody when we are root. Stops the server and removes the folder
// when destroyed; the server also ends when the thread that started it does. Needs
// /usr/lib/postgresql/*/bin. Blocks; not thread-safe.
class PrivateServer {
 public:
  static Result<std::unique_ptr<PrivateServer>> start(PrivateServerOptions options = {});
  ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  // What libpq needs to reach a database of it, as superuser "gantry".
  std::string conninfo(const std::string& database = "postgres") const;
  // Runs SQL outside a transaction block; the first column of the first row, or "".
  Result<std::string> run(const std::string& sql, const std::string& database = "postgres");
  // A new, empty database with a name that was not used before; answers its conninfo.
  Result<std::string> create_database();

  // SIGKILL to every process of the server: as if the machine lost power, but for its page cache.
  void crash();
  // SIGQUIT: an immediate shutdown.
  void stop_immediately();
  // SIGSTOP and SIGCONT to every process: connections stay open and nobody answers.
  void freeze();
  void thaw();
  // Starts it again on the same folder, after either; waits until it answers.
  Status restart();
  // Where the server keeps its files.
  std::string data_folder() const { return folder_ + "/data"; }
  bool is_running() const { return pid_ > 0; }

 private:
  PrivateServer() = default;
  Status initialise(const PrivateServerOptions& options);
  Status launch();
  Status wait_until_ready();
  void signal_all(int signal);
  void signal_and_reap(int signal);

  std::string binaries_;
  std::string folder_;  // data/, log
  pid_t pid_ = 0;
  int databases_ = 0;
};

// The one of this program, started at first use and stopped at exit. Aborts when it cannot start.
PrivateServer& shared_server();

}  // namespace gantry::store::postgres::testing
