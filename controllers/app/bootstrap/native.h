#pragma once
// The steps of a native service, and those that every workload has.
#include "controllers/app/bootstrap/setup.h"

namespace gantry::controllers::app {

Async<Status> come_up(Setup& setup);           // the container has booted
Async<Status> install_packages(Setup& setup);  // apt, apk
Async<Status> write_files(Setup& setup);       // and notes that their reader must be restarted
// Those that Docker reads when it asks a registry: certificates and credentials. Nothing that runs
// has to be restarted for them.
Async<Status> write_registry_files(Setup& setup);
Async<Status> run_commands(Setup& setup);  // each with its probe
Async<Status> run_unit(Setup& setup);      // enabled, running, restarted after changes
// It does not start with the container: not before all is there that it needs.
Async<Status> stand_by(Setup& setup);

// Whether files have changed since what reads them was started.
Async<Result<bool>> is_restart_due(Setup& setup);
Async<Status> note_restart_done(Setup& setup);

}  // namespace gantry::controllers::app
