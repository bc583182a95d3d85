#include "controllers/machine/volumes.h"

#include <algorithm>
#include <map>

#include "pkg/base/text.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machine {
namespace {

constexpr int64_t kGiB = int64_t{1} << 30;

std::optional<int64_t> number_in(const std::string& key, std::string_view family) {
  if (!starts_with(key, family)) return std::nullopt;
  return parse_integer(key.substr(family.size()));
}

}  // namespace

std::vector<api::v1alpha1::MachineVolume> volumes_of(const pve::GuestConfig& config) {
  std::map<int64_t, api::v1alpha1::MachineVolume> volumes;
  for (const auto& [key, text] : config.values) {
    const auto number = number_in(key, "mp");
    if (!number) continue;
    const auto mount = pve::PropertyString::parse(text, "volume");
    if (!mount.ok()) continue;
    volumes[*number] = {mount->get("mp").value_or(""), key, mount->get("volume").value_or(""),
                        mount->get("size").value_or("")};
  }
  std::vector<api::v1alpha1::MachineVolume> ordered;
  for (auto& [number, volume] : volumes) ordered.push_back(std::move(volume));
  return ordered;
}

std::vector<std::string> unused_volumes(const pve::GuestConfig& config) {
  std::vector<std::string> volumes;
  for (const auto& [key, value] : config.values)
    if (number_in(key, "unused")) volumes.push_back(value);
  return volumes;
}

std::string free_mount_key(const pve::GuestConfig& config) {
  int number = 0;
  while (config.find("mp" + std::to_string(number))) ++number;
  return "mp" + std::to_string(number);
}

std::string mount_text(const std::string& volume, const std::string& path) {
  pve::PropertyString text("volume");
  text.set("volume", volume);
  text.set("mp", path);
  // Left out of backups otherwise, unlike the root disk.
  text.set("backup", "1");
  return text.format();
}

const api::v1alpha1::MachineVolume* find_volume(
    const std::vector<api::v1alpha1::MachineVolume>& volumes, const std::string& path) {
  const auto found = std::ranges::find(volumes, path, &api::v1alpha1::MachineVolume::path);
  return found == volumes.end() ? nullptr : &*found;
}

std::vector<api::v1alpha1::Volume> missing_volumes(const api::v1alpha1::Machine& machine,
                                                   const pve::GuestConfig& config) {
  const auto have = volumes_of(config);
  std::vector<api::v1alpha1::Volume> missing;
  for (const auto& volume : machine.spec.volumes)
    if (find_volume(have, volume.path) == nullptr) missing.push_back(volume);
  return missing;
}

int64_t gib_of(const api::v1alpha1::Volume& volume) {
  return (volume.size.bytes() + kGiB - 1) / kGiB;
}

}  // namespace gantry::controllers::machine
