#pragma once
// Volumes: mount points of a container, told apart by where they are mounted.
#include <optional>
#include <string>
#include <vector>

#include "api/v1alpha1/machine.h"
#include "controllers/machine/observation.h"

namespace gantry::controllers::machine {

// Those in its config, in the order of mp0, mp1, …
std::vector<api::v1alpha1::MachineVolume> volumes_of(const pve::GuestConfig& config);
// Volumes that belong to it and are mounted nowhere: unused0, …
std::vector<std::string> unused_volumes(const pve::GuestConfig& config);
// "mp0", or the first that is free after it.
std::string free_mount_key(const pve::GuestConfig& config);
// "local:8,mp=/srv/data,backup=1": a new one of 8 GiB; "local:100/vm-100-disk-1.raw,…": that one.
std::string mount_text(const std::string& volume, const std::string& path);
// The one that is mounted there; nullptr: none.
const api::v1alpha1::MachineVolume* find_volume(
    const std::vector<api::v1alpha1::MachineVolume>& volumes, const std::string& path);
// Those of its spec that are not in its config.
std::vector<api::v1alpha1::Volume> missing_volumes(const api::v1alpha1::Machine& machine,
                                                   const pve::GuestConfig& config);
int64_t gib_of(const api::v1alpha1::Volume& volume);

}  // namespace gantry::controllers::machine
