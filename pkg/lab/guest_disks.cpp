#include "pkg/lab/guest_disks.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/lab/property.h"

namespace gantry::lab {
namespace {

// Where ext4 keeps copies of its superblock: block groups 1 and the powers of 3, 5 and 7
// (sparse_super).
std::string superblock_backups(int64_t blocks) {
  constexpr int64_t kGroup = 32768;
  std::vector<int64_t> groups{1};
  for (const int64_t base : {3, 5, 7}) {
    for (int64_t group = base; group * kGroup < blocks; group *= base) groups.push_back(group);
  }
  std::sort(groups.begin(), groups.end());
  std::string text;
  for (const auto group : groups) {
    if (group * kGroup >= blocks) break;
    text += (text.empty() ? "" : ", ") + std::to_string(group * kGroup);
  }
  return text;
}

}  // namespace

Refusal check_disk_storage(const Model& model, const Caller& caller, const NodeName& node,
                           const std::string& id) {
  const auto* storage = model.volumes.find_storage(id);
  if (storage == nullptr) return died("storage '" + id + "' does not exist");
  if (!model.volumes.is_on(*storage, node)) {
    return died("storage '" + id + "' is not available on node '" + node.get() + "'");
  }
  if (!storage->content.contains("rootdir")) {
    return bad_parameter("storage", "storage '" + id + "' does not support container directories");
  }
  return model.access.check(caller, "/storage/" + id, {"Datastore.AllocateSpace"});
}

DiskVolume allocate_disk(Model& model, const NodeName& node, const StorageOptions& storage,
                         VmId vmid, int64_t bytes, Worker& worker) {
  auto volume = model.volumes.allocate(node, storage, vmid, bytes, model.clock.now());
  if (volume.format == "raw" && storage.type == "dir") {
    const auto blocks = bytes / 4096;
    worker.log(absl::StrFormat("Formatting '%s', fmt=raw size=%d preallocation=off",
                               path_of(storage, volume.volid), bytes));
    worker.log(
        absl::StrFormat("Creating filesystem with %d 4k blocks and %d inodes", blocks, blocks / 4));
    worker.log("Filesystem UUID: " + model.random.uuid().get());
    worker.log("Superblock backups stored on blocks: ");
    worker.log("\t" + superblock_backups(blocks));
  }
  return volume;
}

Status check_copy_fits(const Model& model, VmId vmid, const DiskVolume& source,
                       const NodeName& node, const StorageOptions& storage, Worker& worker) {
  if (model.volumes.has_room(node, storage, source.used)) return Status();
  const auto folder = absl::StrFormat("/var/lib/lxc/%d/.copy-volume-", vmid.get());
  worker.log("rsync: [receiver] write failed on \"" + folder +
             "1/usr/lib/locale/locale-archive\": No space left on device (28)");
  worker.log("rsync error: error in file IO (code 11) at receiver.c(380) [receiver=3.2.7]");
  return failed(
      "command 'rsync --stats -X -A --numeric-ids -aH --whole-file --sparse --one-file-system "
      "'--bwlimit=0' " +
      folder + "2/ " + folder + "1' failed: exit code 11");
}

Async<void> destroy_disks(Model& model, NodeName node, VmId vmid) {
  ContainerSpec spec;
  spec.node = node;
  spec.vmid = vmid;
  for (const auto& volume : model.volumes.of_guest(node, vmid)) {
    VolumeSpec one{spec.rootfs.volid.empty() ? "rootfs" : "mp", volume.volid, volume.size};
    if (spec.rootfs.volid.empty()) {
      spec.rootfs = std::move(one);
    } else {
      spec.mounts.push_back(std::move(one));
    }
    model.volumes.remove(node, volume.volid);
  }
  const LogSink quiet = [](std::string) {};
  (void)co_await model.backend.destroy(spec, quiet);
  model.save_volumes();
}

void add_unused(GuestConfig& config, const std::string& volid) {
  if (volid.empty()) return;
  int number = 0;
  while (config.has("unused" + std::to_string(number))) ++number;
  config.values["unused" + std::to_string(number)] = volid;
}

bool has_feature(const Model& model, const Guest& guest, const std::string& feature) {
  if (feature == "copy") return true;
  if (feature == "clone" && !guest.config.flag("template")) return false;
  for (const auto& [key, value] : guest.config.values) {
    if (!is_volume_key(key)) continue;
    const auto* storage = model.volumes.find_storage(storage_of(volume_of(value)));
    if (storage == nullptr || storage->type == "dir") return false;
  }
  return true;
}

std::string snapshot_copy(VmId vmid, const std::string& snapshot) {
  return "snapshot " + std::to_string(vmid.get()) + " " + snapshot;
}

std::string ostype_of(const std::string& word) {
  for (const char* known : {"debian", "devuan", "ubuntu", "centos", "fedora", "opensuse",
                            "archlinux", "alpine", "gentoo", "nixos"}) {
    if (word == known) return word;
  }
  return "unmanaged";
}

}  // namespace gantry::lab
