// Volumes: made once, grown, and never replaced by an empty one.
#include <algorithm>

#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "controllers/machine/volumes.h"
#include "pkg/base/text.h"
#include "pkg/inventory/placement/candidates.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::MachineVolume;
using api::v1alpha1::Volume;
namespace placement = inventory::placement;

Plan add(const Case& the, const std::string& volume, const std::string& path, std::string message) {
  const auto key = free_mount_key(the.world.guest.config);
  return act(steps::kConfigure, Configure{{{key, mount_text(volume, path)}}, {}}, "AddingVolume",
             std::move(message));
}

// The other Machine of a hand-over may have it by now; a name that is left here then is of nothing.
bool may_be_elsewhere(const Case& the, const Volume& volume) {
  if (!the.machine.spec.handover) return false;
  const auto& peer = the.world.peer;
  return !peer.has_value() || !peer->is_known ||
         find_volume(volumes_of(peer->config), volume.path) != nullptr;
}

// One that was here, and that somebody has detached.
std::optional<Plan> remount(const Case& the, const Volume& volume) {
  if (may_be_elsewhere(the, volume)) return std::nullopt;
  const auto unused = unused_volumes(the.world.guest.config);
  const auto* was = find_volume(the.status().volumes, volume.path);
  if (was == nullptr || std::ranges::find(unused, was->volid) == unused.end()) return std::nullopt;
  return add(the, was->volid, volume.path,
             absl::StrFormat("volume %s was detached: mounting %s at %s again", volume.name,
                             was->volid, volume.path));
}

// It has been there, or something has that nobody can tell from it: never replaced by an empty one.
std::optional<Plan> hold_missing(const Case& the, const Volume& volume) {
  const auto unused = unused_volumes(the.world.guest.config);
  const auto* was = find_volume(the.status().volumes, volume.path);
  const auto text = guest_text(the.world);
  if (was != nullptr) {
    return hold(steps::kConfigure, "VolumeMissing",
                absl::StrFormat("%s does not have volume %s (%s) any more: mount it at %s again, "
                                "or delete the Machine to begin with an empty one",
                                text, volume.name, was->volid, volume.path));
  }
  if (unused.empty()) return std::nullopt;
  return hold(
      steps::kConfigure, "VolumeUnclear",
      absl::StrFormat("%s has volumes that are mounted nowhere (%s): one of them may be %s. "
                      "Mount it at %s, or remove what nobody needs",
                      text, join(unused, ", "), volume.name, volume.path));
}

std::optional<Plan> grow(const Case& the, const Volume& volume, const MachineVolume& have) {
  const auto size = pve::parse_size(have.size);
  if (!size || *size >= volume.size.bytes()) return std::nullopt;
  if (auto later = in_backoff(the, steps::kConfigure, "InvalidConfig", "CT-003"))
    return std::nullopt;  // what it has goes on working
  return act(
      steps::kConfigure, Resize{have.key, absl::StrFormat("%dG", gib_of(volume))}, "Resizing",
      absl::StrFormat("growing volume %s from %s to %dG", volume.name, have.size, gib_of(volume)));
}

}  // namespace

Plan make_volume(const Case& the, const Volume& volume) {
  const auto& node = the.world.guest.node;
  const auto candidates = placement::judge_disks(volume.storage_selector, *the.world.snapshot);
  if (!candidates.ok()) {
    return stall(steps::kConfigure, "InvalidExpression",
                 "volume " + volume.name + ": " + message_of(candidates.status()), "CEL-003");
  }
  const auto found = placement::find_disk(*candidates, volume.size.bytes(), node, {});
  if (const auto* none = std::get_if<placement::NoDiskPlace>(&found)) {
    auto text =
        absl::StrFormat("no storage of %s for volume %s: %s", node.get(), volume.name, none->why);
    if (none->full) return stall(steps::kConfigure, "StorageFull", text, "STO-001");
    if (none->hint.empty()) return stall(steps::kConfigure, "NoStorageMatches", text, "CEL-001");
    return stall(steps::kConfigure, "UnknownName", none->hint + " " + text, "CEL-002");
  }
  const auto& storage = std::get<placement::DiskPlace>(found).storage;
  return add(the, absl::StrFormat("%s:%d", storage.get(), gib_of(volume)), volume.path,
             absl::StrFormat("adding volume %s: %d GiB on %s, at %s", volume.name, gib_of(volume),
                             storage.get(), volume.path));
}

std::optional<Plan> plan_volumes(const Case& the) {
  using api::v1alpha1::HandoverRole;
  for (const auto& volume : missing_volumes(the.machine, the.world.guest.config))
    if (auto plan = remount(the, volume)) return plan;
  if (auto plan = plan_handover(the)) return plan;
  const auto& handover = the.machine.spec.handover;
  if (handover && handover->role != HandoverRole::takes) return std::nullopt;  // it is to have none
  const auto have = volumes_of(the.world.guest.config);
  for (const auto& volume : the.machine.spec.volumes) {
    if (const auto* there = find_volume(have, volume.path)) {
      if (auto plan = grow(the, volume, *there)) return plan;
      continue;
    }
    if (auto plan = hold_missing(the, volume)) return plan;
    if (auto later = in_backoff(the, steps::kConfigure, "InvalidConfig", "CT-003")) return later;
    return make_volume(the, volume);
  }
  return std::nullopt;
}

std::optional<Plan> hold_lost_volumes(const Case& the) {
  if (the.status().volumes.empty()) return std::nullopt;
  std::vector<std::string> lost;
  for (const auto& volume : the.status().volumes) lost.push_back(volume.volid);
  auto plan =
      hold(steps::kCreate, "VolumesLost",
           absl::StrFormat("%s is gone (%s), and its volumes with it (%s): restore a backup "
                           "on that id, or delete the Machine to begin with empty ones",
                           guest_text(the.world), the.world.guest.why, join(lost, ", ")),
           "CT-008");
  return plan;
}

}  // namespace gantry::controllers::machine
