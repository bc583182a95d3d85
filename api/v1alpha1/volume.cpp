#include "api/v1alpha1/volume.h"

#include <algorithm>

#include "api/v1alpha1/selectors.h"
#include "pkg/base/text.h"

namespace gantry::api::v1alpha1 {

using namespace schema;

namespace {

constexpr int64_t kGiB = int64_t{1} << 30;

bool is_below(const std::string& path, const std::string& folder) {
  return path == folder || starts_with(path, folder + "/");
}

// What the system itself mounts, or keeps its own in.
bool is_reserved(const std::string& path) {
  static const std::vector<std::string> kReserved{"/proc", "/sys",  "/dev",           "/run",
                                                  "/etc",  "/usr",  "/bin",           "/sbin",
                                                  "/lib",  "/boot", "/var/lib/gantry"};
  return path == "/" || path == "/var" ||
         std::ranges::any_of(kReserved, [&](const auto& folder) { return is_below(path, folder); });
}

void check_one(const Volume& volume, const std::string& where, Problems& problems) {
  if (is_reserved(volume.path) || volume.path.back() == '/' ||
      volume.path.find_first_of(",= ") != std::string::npos) {
    problems.push_back({where + ".path", Reason::invalid,
                        "must be a folder for data (/srv/data): none of the system's own, without "
                        "\",\", \"=\" and spaces, and without \"/\" at its end"});
  }
  if (volume.size.bytes() <= 0 || volume.size.bytes() % kGiB != 0) {
    problems.push_back(
        {where + ".size", Reason::invalid,
         absl::StrFormat("must be a whole number of Gi, not %s", volume.size.text())});
  }
  check_selector(problems, where + ".storageSelector", volume.storage_selector,
                 storage_selector_declarations());
}

const Json* find_volume(const Json& object, const std::string& name) {
  const auto* volumes = object.find_path({"spec", "volumes"});
  if (volumes == nullptr || !volumes->is_array()) return nullptr;
  const auto found = std::ranges::find_if(volumes->as_array(), [&name](const Json& volume) {
    return volume.string_or("name", "") == name;
  });
  return found == volumes->as_array().end() ? nullptr : &*found;
}

int64_t size_of(const Json& volume) {
  const auto size = Quantity::parse(volume.string_or("size", ""));
  return size ? size->bytes() : 0;
}

}  // namespace

Problems check_volumes(const std::vector<Volume>& volumes) {
  Problems problems;
  for (size_t i = 0; i < volumes.size(); ++i) {
    const auto where = absl::StrFormat("volumes[%d]", i);
    check_one(volumes[i], where, problems);
    for (size_t other = 0; other < i; ++other) {
      if (!is_below(volumes[i].path, volumes[other].path) &&
          !is_below(volumes[other].path, volumes[i].path))
        continue;
      problems.push_back({where + ".path", Reason::duplicate,
                          "lies in volume " + volumes[other].name + ", or that in it"});
    }
  }
  return problems;
}

Problems check_volume_update(const Json& before, const Json& after) {
  Problems problems;
  const auto* volumes = before.find_path({"spec", "volumes"});
  if (volumes == nullptr || !volumes->is_array()) return {};
  for (const auto& old : volumes->as_array()) {
    const auto name = old.string_or("name", "");
    const auto where = absl::StrFormat("spec.volumes[%s]", name);
    const auto* now = find_volume(after, name);
    if (now == nullptr) {
      problems.push_back({where, Reason::forbidden,
                          "cannot be taken away: its data would be left without an owner"});
      continue;
    }
    if (now->string_or("path", "") != old.string_or("path", ""))
      problems.push_back({where + ".path", Reason::forbidden,
                          "cannot be changed (it is " + old.string_or("path", "") + ")"});
    if (size_of(*now) < size_of(old))
      problems.push_back({where + ".size", Reason::forbidden,
                          "cannot be made smaller (it is " + old.string_or("size", "") + ")"});
  }
  return problems;
}

TypeInfo describe(Type<Volume>) {
  return object<Volume>(
      "Volume", "A disk of its own in the container: a mount point of Proxmox'.",
      {
          field<&Volume::name>("name", "What it is called.", required, format::dns_label),
          field<&Volume::path>("path", "Where it is mounted inside.", required,
                               format::absolute_path, Example{"/srv/data"}),
          field<&Volume::size>("size", "How large; it grows while it is used, and never shrinks.",
                               required, Example{"8Gi"}),
          field<&Volume::storage_selector>(
              "storageSelector",
              "CEL over `storage`; empty: any that takes containers' disks. Only asked when the "
              "volume is made.",
              format::cel, Example{"storage.type == \"zfspool\""}),
      });
}

TypeInfo describe(Type<HandoverRole>) {
  return enumeration<HandoverRole>(
      "HandoverRole",
      "Waits: until the other gives. Gives: it has stopped, and is not destroyed while it has any. "
      "Takes: those that it does not have, once both stand still.",
      {"Waits", "Gives", "Takes"});
}

TypeInfo describe(Type<Handover>) {
  return object<Handover>(
      "Handover", "Volumes that change their container.",
      {
          field<&Handover::machine>("machine", "The other Machine, in the same namespace.",
                                    required, format::dns_subdomain),
          field<&Handover::role>("role", "What this one does.", required),
      });
}

}  // namespace gantry::api::v1alpha1
