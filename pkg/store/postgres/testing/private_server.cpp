#include "pkg/store/postgres/testing/private_server.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkg/base/check.h"
#include "pkg/base/log.h"
#include "pkg/store/postgres/testing/child.h"

namespace gantry::store::postgres::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kReadyTries = 1500;  // of 20 ms

Result<std::string> find_binaries() {
  std::vector<std::string> found;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", failed))
    if (fs::exists(entry.path() / "bin/initdb")) found.push_back(entry.path() / "bin");
  std::ranges::sort(found);
  if (found.empty())
    return error(ErrorClass::not_found,
                 "no initdb in /usr/lib/postgresql/*/bin: install the package postgresql");
  return found.back();
}

}  // namespace

Result<std::unique_ptr<PrivateServer>> PrivateServer::start(PrivateServerOptions options) {
  std::unique_ptr<PrivateServer> server(new PrivateServer());
  GANTRY_TRY(server->initialise(options));
  GANTRY_TRY(server->launch());
  GANTRY_TRY(server->wait_until_ready());
  return server;
}

Status PrivateServer::initialise(const PrivateServerOptions& options) {
  GANTRY_TRY_ASSIGN(binaries_, find_binaries());
  auto pattern = (fs::temp_directory_path() / "gantry-pg-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return internal("cannot make a folder %s", pattern);
  folder_ = pattern;
  const auto account = unprivileged_account();
  if (account.uid != 0 && ::chown(folder_.c_str(), account.uid, account.gid) != 0)
    return internal("cannot hand %s over to %s", folder_, account.name);
  const std::vector<std::string> command{binaries_ + "/initdb", "--pgdata=" + folder_ + "/data",
                                         "--username=gantry",   "--auth=trust",
                                         "--encoding=UTF8",     "--locale=C",
                                         "--no-sync",           "--no-instructions"};
  const auto pid = spawn(command, folder_ + "/log");
  if (const int code = wait_for(pid); code != 0)
    return internal("initdb ended with %d; see %s/log", code, folder_);
  std::ofstream conf(folder_ + "/data/postgresql.conf", std::ios::app);
  conf << "\nlisten_addresses = ''\nunix_socket_directories = '" << folder_ << "'\n"
       << "fsync = " << (options.fsync ? "on" : "off") << "\n"
       << "max_connections = 50\nshared_buffers = 32MB\nautovacuum = off\n"
       << "logging_collector = off\n"
       << options.settings << "\n";
  conf.close();
  return conf ? Status() : internal("cannot write %s/data/postgresql.conf", folder_);
}

Status PrivateServer::launch() {
  const std::vector<std::string> command{binaries_ + "/postgres", "-D", folder_ + "/data"};
  pid_ = spawn(command, folder_ + "/log");
  return pid_ > 0 ? Status() : internal("cannot start %s/postgres", binaries_);
}

Status PrivateServer::wait_until_ready() {
  const auto target = conninfo();
  for (int i = 0; i < kReadyTries; ++i) {
    if (PQping(target.c_str()) == PQPING_OK) return {};
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      return internal("the private PostgreSQL ended at once; see %s/log", folder_);
    }
    ::poll(nullptr, 0, 20);
  }
  return internal("the private PostgreSQL does not answer; see %s/log", folder_);
}

std::string PrivateServer::conninfo(const std::string& database) const {
  return "host=" + folder_ + " port=5432 user=gantry dbname=" + database;
}

Result<std::string> PrivateServer::run(const std::string& sql, const std::string& database) {
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(conninfo(database).c_str()),
                                                          &PQfinish);
  std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(connection.get(), sql.c_str()),
                                                       &PQclear);
  const auto status = PQresultStatus(answer.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    return internal("%s: %s", sql, std::string(PQerrorMessage(connection.get())));
  const bool has_value = PQntuples(answer.get()) > 0 && PQnfields(answer.get()) > 0;
  return has_value ? std::string(PQgetvalue(answer.get(), 0, 0)) : std::string();
}

Result<std::string> PrivateServer::create_database() {
  const auto name = "test_" + std::to_string(++databases_);
  GANTRY_TRY(run("CREATE DATABASE " + name).status());
  return conninfo(name);
}

void PrivateServer::signal_and_reap(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  (void)wait_for(pid_);
  pid_ = 0;
}

void PrivateServer::crash() {
  if (pid_ <= 0) return;
  // Stopped first, so that it cannot see its children die and begin a recovery.
  ::kill(pid_, SIGSTOP);
  for (const auto child : children_of(pid_)) ::kill(child, SIGKILL);
  signal_and_reap(SIGKILL);
}

void PrivateServer::signal_all(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);  // the parent first: it must not start anybody meanwhile
  for (const auto child : children_of(pid_)) ::kill(child, signal);
}

void PrivateServer::freeze() {
  signal_all(SIGSTOP);
}

void PrivateServer::thaw() {
  signal_all(SIGCONT);
}

void PrivateServer::stop_immediately() {
  signal_and_reap(SIGQUIT);
}

Status PrivateServer::restart() {
  signal_and_reap(SIGQUIT);
  GANTRY_TRY(launch());
  return wait_until_ready();
}

PrivateServer::~PrivateServer() {
  signal_and_reap(SIGQUIT);
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

PrivateServer& shared_server() {
  static const auto server = PrivateServer::start();
  if (!server.ok()) log::error("no private PostgreSQL", {{"error", server.status()}});
  GANTRY_CHECK(server.ok());
  return **server;
}

}  // namespace gantry::store::postgres::testing
