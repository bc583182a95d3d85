#pragma once
// Disks of guests: checks, allocation with the log that mkfs leaves, removal.
#include <string>

#include "pkg/lab/model.h"

namespace gantry::lab {

// The storage exists on that node, takes container directories, and the caller may allocate there.
Refusal check_disk_storage(const Model& model, const Caller& caller, const NodeName& node,
                           const std::string& storage);
// Names a new disk and logs what formatting it prints.
DiskVolume allocate_disk(Model& model, const NodeName& node, const StorageOptions& storage,
                         VmId vmid, int64_t bytes, Worker& worker);
// move_volume with target-vmid: another container of the node becomes the owner.
Async<Reply> reassign_volume(Model& model, const Call& call);
// Before a copy: the storage has room for what that volume takes. Source of the texts:
// pve-container PVE/LXC.pm (copy_volume); unverified.
Status check_copy_fits(const Model& model, VmId vmid, const DiskVolume& source,
                       const NodeName& node, const StorageOptions& storage, Worker& worker);
// Removes every disk with that guest's number, data and all.
Async<void> destroy_disks(Model& model, NodeName node, VmId vmid);
// A volume that a config no longer uses stays there as unusedN.
void add_unused(GuestConfig& config, const std::string& volid);
// snapshot, clone (linked), copy: every disk must be where the plugin can; folders of raw images
// cannot (observed).
bool has_feature(const Model& model, const Guest& guest, const std::string& feature);
// What a backend keeps the copy of a snapshot under.
std::string snapshot_copy(VmId vmid, const std::string& snapshot);
// "debian" of a template's first word; "unmanaged" when Proxmox does not know it.
std::string ostype_of(const std::string& word);

}  // namespace gantry::lab
