#pragma once
// Runs: each command with what the flags say.
#include "cmd/gantryctl/main/flags.h"
#include "cmd/gantryctl/session.h"

namespace gantry::ctl {

Async<Status> run_apply(Session& session, Flags& flags);
Async<Status> run_delete(Session& session, Flags& flags);
Async<Status> run_get(Session& session, Flags& flags);
Async<Status> run_describe(Session& session, Flags& flags);
Async<Status> run_events(Session& session, Flags& flags);
Async<Status> run_wait(Session& session, Flags& flags);
Async<Status> run_progress(Session& session, Flags& flags);
Async<Status> run_history(Session& session, Flags& flags);
Async<Status> run_rollback(Session& session, Flags& flags);
Async<Status> run_suspend(Session& session, Flags& flags);
Async<Status> run_resume(Session& session, Flags& flags);
Async<Status> run_start(Session& session, Flags& flags);
Async<Status> run_stop(Session& session, Flags& flags);
Async<Status> run_restart(Session& session, Flags& flags);
Async<Status> run_scale(Session& session, Flags& flags);
Async<Status> run_stats(Session& session, Flags& flags);
Async<Status> run_logs(Session& session, Flags& flags);
Async<Status> run_exec(Session& session, Flags& flags);
Async<Status> run_template_build(Session& session, Flags& flags);
Async<Status> run_token(Session& session, Flags& flags);
Async<Status> run_token_list(Session& session, Flags& flags);
Async<Status> run_token_revoke(Session& session, Flags& flags);
Async<Status> run_certificate_revoke(Session& session, Flags& flags);
Async<Status> run_version(Session& session, Flags& flags);

// What needs no server.
Result<std::string> run_certificate_issue(Flags& flags);
Result<std::string> run_key_rotate(Flags& flags);
Result<std::string> run_key_list(Flags& flags);

}  // namespace gantry::ctl
