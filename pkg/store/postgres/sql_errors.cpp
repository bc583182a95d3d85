#include "pkg/store/postgres/sql_errors.h"

#include <array>

#include <pqxx/pqxx>

#include "pkg/base/text.h"

namespace gantry::store::postgres {
namespace {

struct Row {
  std::string_view prefix;
  ErrorClass error;
};

// The longest prefix decides; codes before their classes.
constexpr std::array<Row, 24> kTable{{
    {"57014", ErrorClass::timeout},         // query_canceled: statement_timeout
    {"57P", ErrorClass::transport},         // admin_shutdown, crash_shutdown, cannot_connect_now
    {"55P03", ErrorClass::timeout},         // lock_not_available: lock_timeout
    {"55006", ErrorClass::locked},          // object_in_use
    {"53", ErrorClass::transport},          // disk full, out of memory, too many connections
    {"25P03", ErrorClass::transport},       // idle_in_transaction_session_timeout
    {"25006", ErrorClass::transport},       // read_only_sql_transaction: a standby, a full disk
    {"23505", ErrorClass::already_exists},  // unique_violation
    {"23", ErrorClass::invalid},            // other constraints
    {"22", ErrorClass::invalid},            // data exceptions: text that PostgreSQL cannot hold
    {"40", ErrorClass::conflict},           // serialization_failure, deadlock_detected
    {"42501", ErrorClass::permission},      // insufficient_privilege
    {"42", ErrorClass::schema},             // undefined table or column: not our schema
    {"3D000", ErrorClass::not_found},       // database does not exist
    {"3F000", ErrorClass::schema},          // schema does not exist
    {"28", ErrorClass::auth},               // invalid authorization
    {"08", ErrorClass::transport},          // connection exceptions
    {"0A", ErrorClass::unsupported},        // feature_not_supported
    {"54", ErrorClass::overload},           // program_limit_exceeded
    {"58", ErrorClass::remote},             // I/O error of the server
    {"F0", ErrorClass::remote},             // configuration file error
    {"72", ErrorClass::remote},             // snapshot too old
    {"P0", ErrorClass::remote},             // PL/pgSQL
    {"XX", ErrorClass::remote},             // internal error, data corrupted
}};

// A failed connect has no SQLSTATE in libpqxx, only libpq's text.
ErrorClass class_of_connect_error(const std::string& message) {
  const auto says = [&](const char* words) { return message.find(words) != std::string::npos; };
  if (says("authentication failed") || says("no password supplied") || says("no pg_hba.conf entry"))
    return ErrorClass::auth;
  if (says("SSL error") || says("certificate")) return ErrorClass::tls;
  return ErrorClass::transport;
}

std::string one_line(const char* message) {
  std::string text(trim(message));
  for (auto& c : text)
    if (c == '\n') c = ' ';
  return text;
}

}  // namespace

ErrorClass class_of_sqlstate(std::string_view sqlstate) {
  for (const auto& row : kTable)
    if (starts_with(sqlstate, row.prefix)) return row.error;
  return ErrorClass::remote;
}

Status current_exception_status(const std::string& what) {
  try {
    throw;
  } catch (const pqxx::sql_error& e) {
    const auto state = std::string(e.sqlstate());
    // libpqxx 6 reports a connection that broke during a query without a state.
    const auto kind = state.empty() ? ErrorClass::transport : class_of_sqlstate(state);
    return error(kind, "%s: %s (SQLSTATE %s)", what, one_line(e.what()), state);
  } catch (const pqxx::broken_connection& e) {
    const auto text = one_line(e.what());
    return error(class_of_connect_error(text), "%s: %s", what, text);
  } catch (const pqxx::in_doubt_error& e) {
    return error(ErrorClass::transport, "%s: connection lost during commit: %s", what,
                 one_line(e.what()));
  } catch (const std::exception& e) {
    return error(ErrorClass::internal, "%s: %s", what, one_line(e.what()));
  }
}

}  // namespace gantry::store::postgres
