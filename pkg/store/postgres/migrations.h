#pragma once
// The schema of the database, as numbered steps.
#include <string>

#include "pkg/base/status.h"
#include "pkg/store/postgres/session.h"

namespace gantry::store::postgres {

struct Migration {
  int number;
  const char* name;
  const char* sql;  // may run several statements
};

// Every step there is, by number, from 1 on without gaps. Never change one that was released.
const std::vector<Migration>& migrations();

// Brings the schema up to date in one transaction, alone (advisory lock), and answers the
// installation id: the one in the database, or `fresh_id` when there was none. Running it again
// changes nothing. Unsupported when the schema is newer than this program. Throws as Session.
Result<std::string> migrate(Session& session, const std::vector<Migration>& steps,
                            const std::string& fresh_id);

}  // namespace gantry::store::postgres
