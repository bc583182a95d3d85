#pragma once
// Callback: how a container tells Gantry that something has changed inside.
#include <string>

#include "pkg/async/async.h"
#include "pkg/base/status.h"
#include "pkg/guest/setup/guest.h"

namespace gantry::controllers::app {

class Setup;

// The code of a container that cannot reach us.
inline constexpr const char* kCallbackUnreachable = "BST-002";

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

// Whether we can be reached from inside, without using up the token: the callback's route is asked
// with GET, which it answers as no other does. OK, or Remote with BST-002 and why not; anything
// else (neither curl nor GNU wget is there, the container does not answer) proves nothing. What
// leave_callback() leaves must be there.
Async<Status> try_callback(guest::Guest guest, Callback callback);

}  // namespace gantry::controllers::app
