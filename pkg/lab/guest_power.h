#pragma once
// Starting and stopping as workers do it, for everybody who does: the power calls, migration, HA.
// Source: pve-container PVE/API2/LXC/Status.pm, PVE/LXC.pm (vm_start, vm_stop); answers of a real
// 9.2.
#include "pkg/lab/model.h"

namespace gantry::lab {

// Each wants the guest's config lock to be held.
Async<Status> start_now(Model& model, NodeName node, VmId vmid, Worker& worker);
Async<Status> stop_now(Model& model, NodeName node, VmId vmid, Worker& worker);

struct ShutdownOptions {
  Duration timeout = std::chrono::seconds(60);
  bool force = false;  // kill what has not ended by then
};
Async<Status> shutdown_now(Model& model, NodeName node, VmId vmid, ShutdownOptions options,
                           Worker& worker);

// Tasks that do it: vzstart, vzstop, vzshutdown, vzreboot.
Job make_start_job(Model& model, const NodeName& node, VmId vmid);
Job make_stop_job(Model& model, const NodeName& node, VmId vmid);
Job make_shutdown_job(Model& model, const NodeName& node, VmId vmid, ShutdownOptions options);
Job make_reboot_job(Model& model, const NodeName& node, VmId vmid, Duration timeout);

}  // namespace gantry::lab
