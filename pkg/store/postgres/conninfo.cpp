#include "pkg/store/postgres/conninfo.h"

#include <map>

#include <libpq-fe.h>

namespace gantry::store::postgres {
namespace {

using Settings = std::map<std::string, std::string>;

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

Result<Settings> parse(const std::string& conninfo) {
  char* message = nullptr;
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(conninfo.c_str(), &message), &PQconninfoFree);
  PQfreemem(message);  // may quote what was given, password included
  if (!parsed)
    return invalid(
        "the database's connection text is neither \"key=value …\" nor "
        "\"postgresql://user@host/database\"");
  Settings settings;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) settings[option->keyword] = option->val;
  return settings;
}

// Plans are made once a session, and not by what the tables held at that moment: each statement
// finds its rows by an index. Planning a commit anew took longer than the commit.
std::string session_settings(const PostgresOptions& options) {
  return absl::StrFormat(
      "-c synchronous_commit=on -c search_path=pg_catalog -c timezone=UTC "
      "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off "
      "-c client_min_messages=error -c statement_timeout=%d -c lock_timeout=%d "
      "-c idle_in_transaction_session_timeout=%d",
      options.statement_timeout.count(), options.lock_timeout.count(),
      2 * options.statement_timeout.count());
}

}  // namespace

Result<std::string> make_conninfo(const PostgresOptions& options) {
  GANTRY_TRY_ASSIGN(auto settings, parse(options.conninfo));
  const Settings defaults{
      {"application_name", options.application_name},
      {"connect_timeout", std::to_string(options.connect_timeout.count())},
      {"keepalives", "1"},
      {"keepalives_idle", "10"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", std::to_string(options.statement_timeout.count() + 2000)},
      {"client_encoding", "UTF8"},
  };
  settings.insert(defaults.begin(), defaults.end());
  if (!options.password.empty()) settings["password"] = options.password;
  auto& session = settings["options"];
  session += (session.empty() ? "" : " ") + session_settings(options);
  std::string text;
  for (const auto& [key, value] : settings) text += key + "=" + quoted(value) + " ";
  return text;
}

std::string describe(const PostgresOptions& options) {
  const auto settings = parse(options.conninfo);
  if (!settings.ok()) return "PostgreSQL";
  const auto get = [&](const char* key, const char* fallback) {
    const auto found = settings->find(key);
    return found == settings->end() ? std::string(fallback) : found->second;
  };
  return absl::StrFormat("PostgreSQL %s at %s:%s", get("dbname", "(default database)"),
                         get("host", "local socket"), get("port", "5432"));
}

}  // namespace gantry::store::postgres
