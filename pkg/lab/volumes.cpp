#include "pkg/lab/volumes.h"

#include <algorithm>

#include "pkg/base/text.h"
#include "pkg/lab/lab.h"

namespace gantry::lab {

std::string storage_of(const std::string& volid) {
  const auto colon = volid.find(':');
  return colon == std::string::npos ? "" : volid.substr(0, colon);
}

std::string path_of(const StorageOptions& storage, const std::string& volid) {
  const auto name = volid.substr(volid.find(':') + 1);
  if (storage.type == "zfspool") return "/" + storage.id.get() + "/" + name;
  if (storage.type == "lvmthin") return "/dev/" + storage.id.get() + "/" + name;
  const auto root = storage.id.get() == "local" ? "/var/lib/vz" : "/mnt/pve/" + storage.id.get();
  if (starts_with(name, "vztmpl/")) return root + "/template/cache/" + name.substr(7);
  if (starts_with(name, "backup/")) return root + "/dump/" + name.substr(7);
  if (starts_with(name, "iso/")) return root + "/template/iso/" + name.substr(4);
  return root + "/images/" + name;
}

std::string base_name(const std::string& volid) {
  const auto begin = volid.find_last_of("/:") + 1;
  auto name = volid.substr(begin);
  if (starts_with(name, "vm-")) name.replace(0, 2, "base");
  if (starts_with(name, "subvol-")) name.replace(0, 6, "basevol");
  return volid.substr(0, begin) + name;
}

Volumes::Volumes(const std::vector<StorageOptions>& options, const Backend& backend)
    : options_(options), backend_(backend) {}

const StorageOptions* Volumes::find_storage(const std::string& id) const {
  const auto it = std::find_if(options_.begin(), options_.end(),
                               [&](const auto& storage) { return storage.id.get() == id; });
  return it == options_.end() ? nullptr : &*it;
}

bool Volumes::is_on(const StorageOptions& storage, const NodeName& node) const {
  return storage.nodes.empty() ||
         std::find(storage.nodes.begin(), storage.nodes.end(), node) != storage.nodes.end();
}

Volumes::Place Volumes::place(const NodeName& node, const StorageOptions& storage) const {
  return {storage.shared ? NodeName() : node, storage.id.get()};
}

const Volumes::Shelf* Volumes::shelf_of(const NodeName& node, const std::string& volid) const {
  const auto* storage = find_storage(storage_of(volid));
  if (storage == nullptr) return nullptr;
  const auto it = shelves_.find(place(node, *storage));
  return it == shelves_.end() ? nullptr : &it->second;
}

Volumes::Shelf* Volumes::shelf_of(const NodeName& node, const std::string& volid) {
  return const_cast<Shelf*>(std::as_const(*this).shelf_of(node, volid));
}

void Volumes::put(Shelf& shelf, DiskVolume volume) {
  if (journals_) shelf.changed.insert(volume.volid);
  shelf.by_guest[volume.vmid].insert(volume.volid);
  shelf.used += volume.used;
  shelf.disks[volume.volid] = std::move(volume);
}

bool Volumes::take(Shelf& shelf, const std::string& volid) {
  const auto it = shelf.disks.find(volid);
  if (it == shelf.disks.end()) return false;
  if (journals_) shelf.changed.insert(volid);
  shelf.used -= it->second.used;
  const auto guest = shelf.by_guest.find(it->second.vmid);
  guest->second.erase(volid);
  if (guest->second.empty()) shelf.by_guest.erase(guest);
  shelf.disks.erase(it);
  return true;
}

std::string Volumes::free_name(const Shelf& shelf, const StorageOptions& storage,
                               const DiskVolume& volume) {
  const auto id = std::to_string(volume.vmid.get());
  const auto kind = volume.format == "subvol" ? "subvol-" : "vm-";
  for (int number = 0;; ++number) {
    std::string name = kind + id + "-disk-" + std::to_string(number);
    if (storage.type == "dir") name = id + "/" + name + "." + volume.format;
    auto volid = storage.id.get() + ":" + name;
    if (!shelf.disks.contains(volid)) return volid;
  }
}

DiskVolume Volumes::allocate(const NodeName& node, const StorageOptions& storage, VmId vmid,
                             int64_t size, Time now) {
  auto& shelf = shelves_[place(node, storage)];
  const bool subvol = storage.type == "zfspool" || (storage.type == "dir" && size == 0);
  DiskVolume volume;
  volume.vmid = vmid;
  volume.size = size;
  volume.created = now;
  volume.format = subvol ? "subvol" : "raw";
  volume.volid = free_name(shelf, storage, volume);
  put(shelf, volume);
  return volume;
}

std::optional<DiskVolume> Volumes::copy(const NodeName& from, const std::string& volid,
                                        const NodeName& to, const StorageOptions& storage) {
  const auto* found = find(from, volid);
  if (found == nullptr) return std::nullopt;
  auto copy = *found;
  const auto* old = find_storage(storage_of(volid));
  auto& shelf = shelves_[place(to, storage)];
  const auto own = storage.id.get() + volid.substr(volid.find(':'));
  if (old->type == storage.type && !shelf.disks.contains(own)) {
    copy.volid = own;
    put(shelf, copy);
    return copy;
  }
  const auto made = allocate(to, storage, copy.vmid, copy.size, copy.created);
  set_used(to, made.volid, copy.used);
  return *find(to, made.volid);
}

bool Volumes::remove(const NodeName& node, const std::string& volid) {
  auto* shelf = shelf_of(node, volid);
  return shelf != nullptr && take(*shelf, volid);
}

DiskVolume* Volumes::find(const NodeName& node, const std::string& volid) {
  auto* shelf = shelf_of(node, volid);
  if (shelf == nullptr) return nullptr;
  const auto it = shelf->disks.find(volid);
  if (it == shelf->disks.end()) return nullptr;
  if (journals_) shelf->changed.insert(volid);  // whoever asks may change it
  return &it->second;
}

std::vector<std::pair<NodeName, std::string>> Volumes::take_changes() {
  std::vector<std::pair<NodeName, std::string>> all;
  for (auto& [where, shelf] : shelves_) {
    for (const auto& volid : shelf.changed) all.emplace_back(where.first, volid);
    shelf.changed.clear();
  }
  return all;
}

void Volumes::rename(const NodeName& node, const std::string& from, const std::string& to) {
  const auto* found = find(node, from);
  if (found == nullptr) return;
  auto volume = *found;
  auto& shelf = *shelf_of(node, from);
  take(shelf, from);
  volume.volid = to;
  put(shelf, std::move(volume));
}

std::string Volumes::name_as(VmId owner, const NodeName& node, const std::string& volid) {
  const auto* found = find(node, volid);
  if (found == nullptr) return "";
  auto volume = *found;
  volume.vmid = owner;
  return free_name(*shelf_of(node, volid), *find_storage(storage_of(volid)), volume);
}

void Volumes::give(VmId owner, const NodeName& node, const std::string& volid) {
  const auto* found = find(node, volid);
  if (found == nullptr) return;
  auto volume = *found;
  volume.volid = name_as(owner, node, volid);
  volume.vmid = owner;
  auto& shelf = *shelf_of(node, volid);
  take(shelf, volid);
  put(shelf, std::move(volume));
}

void Volumes::move(const NodeName& from, const NodeName& to, VmId vmid) {
  for (auto& volume : of_guest(from, vmid)) {
    const auto* storage = find_storage(storage_of(volume.volid));
    if (storage == nullptr || storage->shared) continue;
    remove(from, volume.volid);
    put(shelves_[place(to, *storage)], std::move(volume));
  }
}

void Volumes::restore(const NodeName& node, DiskVolume volume) {
  const auto* storage = find_storage(storage_of(volume.volid));
  if (storage != nullptr) put(shelves_[place(node, *storage)], std::move(volume));
}

std::vector<DiskVolume> Volumes::on_storage(const NodeName& node,
                                            const StorageOptions& storage) const {
  std::vector<DiskVolume> all;
  const auto it = shelves_.find(place(node, storage));
  if (it == shelves_.end()) return all;
  for (const auto& [volid, volume] : it->second.disks) all.push_back(volume);
  return all;
}

std::vector<DiskVolume> Volumes::of_guest(const NodeName& node, VmId vmid) const {
  std::vector<DiskVolume> all;
  for (const auto& storage : options_) {
    const auto shelf = shelves_.find(place(node, storage));
    if (shelf == shelves_.end()) continue;
    const auto guest = shelf->second.by_guest.find(vmid);
    if (guest == shelf->second.by_guest.end()) continue;
    for (const auto& volid : guest->second) all.push_back(shelf->second.disks.at(volid));
  }
  return all;
}

std::vector<VolumeRecord> Volumes::all() const {
  std::vector<VolumeRecord> records;
  for (const auto& [where, shelf] : shelves_) {
    for (const auto& [volid, volume] : shelf.disks) {
      records.push_back({volid, where.first, volume.vmid, volume.size});
    }
  }
  return records;
}

void Volumes::add_file(const NodeName& node, const StorageOptions& storage, FileVolume file) {
  auto& shelf = shelves_[place(node, storage)];
  shelf.used += file.size;
  const auto volid = file.volid;
  shelf.files[volid] = std::move(file);
}

FileVolume* Volumes::find_file(const NodeName& node, const std::string& volid) {
  auto* shelf = shelf_of(node, volid);
  if (shelf == nullptr) return nullptr;
  const auto it = shelf->files.find(volid);
  return it == shelf->files.end() ? nullptr : &it->second;
}

bool Volumes::remove_file(const NodeName& node, const std::string& volid) {
  const auto* file = find_file(node, volid);
  if (file == nullptr) return false;
  auto& shelf = *shelf_of(node, volid);
  shelf.used -= file->size;
  return shelf.files.erase(volid) > 0;
}

std::vector<FileVolume> Volumes::files_on(const NodeName& node,
                                          const StorageOptions& storage) const {
  std::vector<FileVolume> all;
  const auto it = shelves_.find(place(node, storage));
  if (it == shelves_.end()) return all;
  for (const auto& [volid, file] : it->second.files) all.push_back(file);
  return all;
}

Backend::Space Volumes::space(const NodeName& node, const StorageOptions& storage) const {
  Backend::Space space;
  if (storage.total == 0) {
    space = backend_.space(node, storage.id);
  } else {
    space.total = storage.total;
    const auto it = shelves_.find(place(node, storage));
    if (it != shelves_.end()) space.used = it->second.used;
    if (storage.content.contains("vztmpl")) {
      for (const auto& [name, bytes] : backend_.templates()) space.used += bytes;
    }
  }
  if (const auto it = fill_.find(storage.id.get()); it != fill_.end()) space.used += it->second;
  space.used = std::min(space.used, space.total);
  return space;
}

bool Volumes::has_room(const NodeName& node, const StorageOptions& storage, int64_t bytes) const {
  const auto now = space(node, storage);
  return now.total - now.used >= bytes;
}

void Volumes::set_used(const NodeName& node, const std::string& volid, int64_t bytes) {
  auto* volume = find(node, volid);
  if (volume == nullptr) return;
  shelf_of(node, volid)->used += bytes - volume->used;
  volume->used = bytes;
}

}  // namespace gantry::lab
