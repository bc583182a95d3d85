#include "controllers/machine/volumes.h"

#include "pkg/base/text.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machine {
namespace {

constexpr int kMountsMax = 256;  // Proxmox' own limit
constexpr int64_t kGiB = int64_t{1} << 30;

bool is_numbered(const std::string& key, const std::string& family) {
  return starts_with(key, family) && parse_integer(key.substr(family.size())).has_value();
}

}  // namespace

std::vector<api::v1alpha1::MachineVolume> volumes_of(const pve::GuestConfig& config) {
  std::vector<api::v1alpha1::MachineVolume> volumes;
  for (int i = 0; i < kMountsMax; ++i) {
    const auto key = "mp" + std::to_string(i);
    const auto text = config.find(key);
    if (!text) continue;
    const auto mount = pve::PropertyString::parse(*text, "volume");
    if (!mount.ok()) continue;
    volumes.push_back({mount->get("mp").value_or(""), key, mount->get("volume").value_or(""),
                       mount->get("size").value_or("")});
  }
  return volumes;
}

std::vector<std::string> unused_volumes(const pve::GuestConfig& config) {
  std::vector<std::string> volumes;
  for (const auto& [key, value] : config.values)
    if (is_numbered(key, "unused")) volumes.push_back(value);
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

int64_t gib_of(const api::v1alpha1::Volume& volume) {
  return (volume.size.bytes() + kGiB - 1) / kGiB;
}

}  // namespace gantry::controllers::machine
