#pragma once
// Session: one connection to PostgreSQL and what is prepared on it. The only file that knows the
// differences between libpqxx 6 (Debian 12) and 7 (Debian 13).
#include <set>
#include <string>
#include <vector>

#include <pqxx/pqxx>

namespace gantry::store::postgres {

// A statement is prepared on a connection when it is first used there.
struct Statement {
  const char* name;
  const char* sql;
};

// Not thread-safe. Throws libpqxx's exceptions, as does everything on this side of Sessions.
class Session {
 public:
  explicit Session(const std::string& conninfo);

  pqxx::connection& connection() { return connection_; }
  template <class... Args>
  pqxx::result exec(pqxx::work& transaction, const Statement& statement, const Args&... args) {
    prepare(statement);
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
    return transaction.exec(pqxx::prepped{statement.name}, pqxx::params{args...});
#else
    return transaction.exec_prepared(statement.name, args...);
#endif
  }
  // False when the server has hung up since the last use.
  bool is_alive();
  // From any thread: whoever waits for an answer here is told that the connection broke.
  void hang_up();

 private:
  void prepare(const Statement& statement);
  pqxx::connection connection_;
#if PQXX_VERSION_MAJOR < 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR < 10)
  pqxx::quiet_errorhandler quiet_{connection_};
#endif
  std::set<std::string> prepared_;
};

// PostgreSQL's array literals: {"a","b"} and {1,2}.
std::string text_array(const std::vector<std::string>& items);
std::string number_array(const std::vector<int64_t>& items);

}  // namespace gantry::store::postgres
