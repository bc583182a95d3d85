#include "pkg/store/postgres/session.h"

#include <poll.h>
#include <sys/socket.h>

namespace gantry::store::postgres {

Session::Session(const std::string& conninfo) : connection_(conninfo) {
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
  connection_.set_notice_handler([](pqxx::zview) noexcept {});
#elif PQXX_VERSION_MAJOR < 7
  // A connection that was lost must fail, not silently begin anew in the middle of our work.
  // Deprecated because version 7 behaves so by itself.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection_.inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
}

void Session::prepare(const Statement& statement) {
  if (!prepared_.insert(statement.name).second) return;
  connection_.prepare(statement.name, statement.sql);
}

bool Session::is_alive() {
  if (!connection_.is_open()) return false;
  // An idle connection has nothing to read, unless the server said goodbye.
  pollfd waiting{connection_.sock(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 0;
}

void Session::hang_up() {
  (void)::shutdown(connection_.sock(), SHUT_RDWR);
}

std::string text_array(const std::vector<std::string>& items) {
  std::string text = "{";
  size_t size = 2;
  for (const auto& item : items) size += item.size() + item.size() / 8 + 3;
  text.reserve(size);
  for (const auto& item : items) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (const char c : item) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

std::string number_array(const std::vector<int64_t>& items) {
  std::string text = "{";
  for (const auto item : items) {
    if (text.size() > 1) text += ',';
    text += std::to_string(item);
  }
  return text + "}";
}

}  // namespace gantry::store::postgres
