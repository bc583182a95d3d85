#pragma once
// Snapshots: those of a container that a Machine names, and what became of each. Pure.
#include <string>
#include <vector>

#include "controllers/machine/observation.h"
#include "pkg/runtime/events.h"

namespace gantry::controllers::machine {

// spec.restore is neither done nor refused.
bool is_restoring(const api::v1alpha1::Machine& machine);
// What a restore keeps aside what is there under.
std::string safety_name(const std::string& id);
// One of ours, and all of it.
bool has_own_snapshot(const api::v1alpha1::Machine& machine, const std::string& installation,
                      const std::vector<pve::Snapshot>& there, const std::string& name);

// Whether Proxmox has to be asked for them at all.
bool has_snapshots(const api::v1alpha1::Machine& machine);
// One that is wanted is neither there nor will never be.
bool misses_snapshot(const api::v1alpha1::Machine& machine,
                     const std::vector<pve::Snapshot>& there);
// One that is ours is there and not wanted, or only half of it.
const pve::Snapshot* surplus_snapshot(const api::v1alpha1::Machine& machine,
                                      const std::string& installation,
                                      const std::vector<pve::Snapshot>& there);
api::v1alpha1::SnapshotState state_of(const api::v1alpha1::MachineStatus& status,
                                      const std::string& name);
// Says of a wanted one why it is not there yet.
void note_snapshot(api::v1alpha1::MachineStatus& status, const std::string& name,
                   const std::string& message);

// What is seen, into status.snapshots.
void show_snapshots(api::v1alpha1::Machine& machine, const Observation& world);
// A restore that was refused is Held, and keeps the Machine from nothing.
void show_refusal(api::v1alpha1::Machine& machine, Time now);
// What has become of them between two versions of a status.
std::vector<runtime::Happening> snapshot_happenings(const api::v1alpha1::MachineStatus& before,
                                                    const api::v1alpha1::MachineStatus& after);

}  // namespace gantry::controllers::machine
