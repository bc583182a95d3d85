#pragma once
// Volumes: the disks and templates on storages, and the space they take.
// Source: pve-storage PVE/Storage/Plugin.pm, DirPlugin, ZFSPoolPlugin, LvmThinPlugin (names,
// formats).
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/ids.h"
#include "pkg/base/status.h"
#include "pkg/base/time.h"
#include "pkg/lab/backend.h"
#include "pkg/lab/guest_config.h"

namespace gantry::lab {

struct StorageOptions;
struct VolumeRecord;

struct DiskVolume {
  std::string volid;   // local:100/vm-100-disk-0.raw
  std::string format;  // raw, subvol
  VmId vmid;
  int64_t size = 0;  // bytes; what was asked for
  int64_t used = 0;  // bytes; what it takes
  Time created;
};

// A backup, a template that was brought, an image.
struct FileVolume {
  std::string volid;    // local:backup/vzdump-lxc-161-2026_11_20-21_30_08.tar.zst
  std::string content;  // backup, vztmpl, iso
  std::string format;   // tar.zst, tzst
  int64_t size = 0;     // bytes
  Time created;
  VmId vmid;           // whose backup it is
  GuestConfig config;  // what a backup holds
  std::string notes;
  bool is_protected = false;
};

class Volumes {
 public:
  // `options` and `backend` outlive this.
  Volumes(const std::vector<StorageOptions>& options, const Backend& backend);

  const StorageOptions* find_storage(const std::string& id) const;
  // Defined there and enabled for that node.
  bool is_on(const StorageOptions& storage, const NodeName& node) const;

  // The name of a new disk of that guest, which it then has.
  DiskVolume allocate(const NodeName& node, const StorageOptions& storage, VmId vmid, int64_t size,
                      Time now);
  // Another disk like that one, on that node and storage: under its own name where that is free,
  // else under the next. nullopt when there is no such disk.
  std::optional<DiskVolume> copy(const NodeName& from, const std::string& volid, const NodeName& to,
                                 const StorageOptions& storage);
  // False when there was none. `volid` as in a config.
  bool remove(const NodeName& node, const std::string& volid);
  DiskVolume* find(const NodeName& node, const std::string& volid);
  // Gives a disk another name (conversion to a template).
  void rename(const NodeName& node, const std::string& from, const std::string& to);
  // The name that a disk would have as that guest's: the next that is free; "" when there is no
  // such disk.
  std::string name_as(VmId owner, const NodeName& node, const std::string& volid);
  // Gives it to that guest, under that name.
  void give(VmId owner, const NodeName& node, const std::string& volid);
  // A local guest that moves takes its disks along.
  void move(const NodeName& from, const NodeName& to, VmId vmid);
  void restore(const NodeName& node, DiskVolume volume);

  std::vector<DiskVolume> on_storage(const NodeName& node, const StorageOptions& storage) const;
  // Every disk with that vmid in its name, on every storage of the node.
  std::vector<DiskVolume> of_guest(const NodeName& node, VmId vmid) const;
  std::vector<VolumeRecord> all() const;

  // From now on take_changes() knows which disks changed.
  void keep_journal() { journals_ = true; }
  // Those that did (or may have) since the last call: where, and which; "" is a shared storage's
  // node. Each once; what is gone cannot be found.
  std::vector<std::pair<NodeName, std::string>> take_changes();

  void add_file(const NodeName& node, const StorageOptions& storage, FileVolume file);
  FileVolume* find_file(const NodeName& node, const std::string& volid);
  bool remove_file(const NodeName& node, const std::string& volid);
  std::vector<FileVolume> files_on(const NodeName& node, const StorageOptions& storage) const;

  Backend::Space space(const NodeName& node, const StorageOptions& storage) const;
  bool has_room(const NodeName& node, const StorageOptions& storage, int64_t bytes) const;
  void set_fill(const std::string& storage, int64_t bytes) { fill_[storage] = bytes; }
  void set_used(const NodeName& node, const std::string& volid, int64_t bytes);

 private:
  using Place = std::pair<NodeName, std::string>;  // ("" for shared storages, storage)
  struct Shelf {
    std::map<std::string, DiskVolume> disks;
    std::map<VmId, std::set<std::string>> by_guest;
    std::map<std::string, FileVolume> files;
    int64_t used = 0;
    std::set<std::string> changed;  // since take_changes()
  };
  static std::string free_name(const Shelf& shelf, const StorageOptions& storage,
                               const DiskVolume& volume);
  Place place(const NodeName& node, const StorageOptions& storage) const;
  const Shelf* shelf_of(const NodeName& node, const std::string& volid) const;
  Shelf* shelf_of(const NodeName& node, const std::string& volid);
  void put(Shelf& shelf, DiskVolume volume);
  bool take(Shelf& shelf, const std::string& volid);

  const std::vector<StorageOptions>& options_;
  const Backend& backend_;
  std::map<Place, Shelf> shelves_;
  std::map<std::string, int64_t> fill_;
  bool journals_ = false;
};

// "local" of "local:100/vm-100-disk-0.raw"; "" when there is no colon.
std::string storage_of(const std::string& volid);
// The name that a disk gets when its container becomes a template: base-…, basevol-….
std::string base_name(const std::string& volid);
// The path that a log names.
std::string path_of(const StorageOptions& storage, const std::string& volid);

}  // namespace gantry::lab
