#pragma once
// Callback: how a container tells Gantry that something has changed inside.
#include <string>

#include "pkg/async/async.h"
#include "pkg/base/status.h"

namespace gantry::controllers::app {

class Setup;

// What a container needs for it. No part of a revision: every bootstrap brings a token of its own.
struct Callback {
  std::string url;     // of this Machine's callback: https://…/machines/wiki-0/callback
  std::string ca_pem;  // whom to trust; empty: the system's authorities
  std::string token;   // good once: a secret
};

// Where the program is that calls back once; it needs curl or GNU wget, and says so where neither
// is.
inline constexpr const char* kReportProgram = "/var/lib/gantry/callback/report";

// Leaves that program and what it needs in the container, for root alone. The token is in files
// only, never among a program's arguments. Requires setup.workload().callback.
Async<Status> leave_callback(Setup& setup);

}  // namespace gantry::controllers::app
