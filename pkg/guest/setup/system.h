#pragma once
// The container's system: Debian with apt and systemd, or Alpine with apk and OpenRC.
#include <string>
#include <vector>

#include "pkg/guest/setup/setup.h"

namespace gantry::guest {

// Which it is; Unsupported when it is neither.
Async<Result<System>> read_system(Setup& setup);
// OK once it has booted; Locked while it is booting.
Async<Status> check_booted(Setup& setup);

// Installs what is missing of "nginx" or "nginx=1.22.1-9". Fails with DKR/BST codes nowhere: the
// caller knows what the packages are for.
Async<Status> install_missing(Setup& setup, std::vector<std::string> packages);

// Starts "nginx.service" (on Alpine: nginx) and lets it start at boot; restarts it when `restart`.
Async<Status> keep_running(Setup& setup, std::string unit, bool restart);
// Takes back that it starts at boot, where it does; what runs goes on.
Async<Status> keep_from_booting(Setup& setup, std::string unit);
Async<Result<bool>> is_running(Setup& setup, std::string unit);
// What names this run of it and no other, on Debian; on Alpine always the same. Empty: it does not
// run.
Async<Result<std::string>> run_id(Setup& setup, std::string unit);

}  // namespace gantry::guest
