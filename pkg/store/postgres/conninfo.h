#pragma once
// From PostgresOptions to the text that libpq takes.
#include "pkg/store/postgres/postgres.h"

namespace gantry::store::postgres {

// The user's settings with ours added where they say nothing: timeouts, keep-alives, and the
// session's synchronous_commit=on, search_path and time zone, which cannot be overridden. Contains
// the password: never log it. Invalid when conninfo cannot be read (without quoting it).
Result<std::string> make_conninfo(const PostgresOptions& options);

// "PostgreSQL gantry at /run/postgresql:5432": for messages; no password.
std::string describe(const PostgresOptions& options);

}  // namespace gantry::store::postgres
