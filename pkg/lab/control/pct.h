#pragma once
// pct and pvesh for the lab's nodes, with the texts and exit codes of the real ones
// (behaviour observed on pve-manager 9.2; PVE/CLI/pct.pm).
#include <string>
#include <vector>

#include "pkg/lab/control/client.h"

namespace gantry::lab {

// `pct exec|push|unlock|config|status|list|start|stop|destroy …`; returns the exit code and writes
// to standard output and error. `exec` on the lxc backend replaces this process by lxc-attach, as
// the real one does, so that input, output and signals are the command's own.
int run_pct(const RunningLab& lab, const std::vector<std::string>& arguments);

// `pvesh get PATH [--output-format json]`: sorted JSON without the "data" around it.
int run_pvesh(const RunningLab& lab, const std::vector<std::string>& arguments);

}  // namespace gantry::lab
