// Hand-over: volumes that go from one Machine's container to another's. Who has one is asked of
// both configs, each time. Both containers stand still, and the call names the digests of the
// configs that were looked at, so that one that is repeated, or executed late, does nothing a
// second time.
#include <algorithm>

#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "controllers/machine/volumes.h"
#include "pkg/base/text.h"

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::HandoverRole;
using api::v1alpha1::Volume;

const std::string& other_name(const Case& the) {
  return the.machine.spec.handover->machine;
}

std::string other_text(const Case& the) {
  const auto& peer = *the.world.peer;
  const auto id = peer.vmid ? peer.vmid->get() : 0;
  return absl::StrFormat("container %d (%s)", id, other_name(the));
}

// What keeps Proxmox from handing over what the other has; nothing has been stopped for it yet.
std::optional<Plan> plan_obstacle(const Case& the) {
  const auto& peer = *the.world.peer;
  if (volumes_of(peer.config).empty()) return std::nullopt;
  if (peer.node != the.world.guest.node) {
    return hold(steps::kTake, "VolumesElsewhere",
                absl::StrFormat("%s is on %s and %s on %s: volumes change their container on one "
                                "node only; move one of them",
                                guest_text(the.world), the.world.guest.node.get(), other_text(the),
                                peer.node.get()));
  }
  const auto snapshot = peer.config.find("parent");
  if (!snapshot) return std::nullopt;
  return hold(
      steps::kTake, "VolumesInSnapshot",
      absl::StrFormat("%s has snapshot %s, and Proxmox hands over no volume that a snapshot "
                      "holds; when nobody needs it any more, as root: pct delsnapshot %d %s",
                      other_text(the), *snapshot, peer.vmid->get(), *snapshot));
}

// Neither of the two has it.
Plan plan_missing(const Case& the, const Volume& volume) {
  const auto& peer = *the.world.peer;
  const auto* was = find_volume(the.status().volumes, volume.path);
  if (was == nullptr) was = find_volume(peer.had, volume.path);
  const bool is_new = was == nullptr && unused_volumes(the.world.guest.config).empty() &&
                      unused_volumes(peer.config).empty();
  if (is_new) {
    if (auto later = in_backoff(the, steps::kConfigure, "InvalidConfig", "CT-003")) return *later;
    return make_volume(the, volume);
  }
  return hold(steps::kTake, "VolumeMissing",
              absl::StrFormat("neither %s nor %s has volume %s%s: look for it as root with pct "
                              "rescan, and mount it at %s in one of the two",
                              guest_text(the.world), other_name(the), volume.name,
                              was == nullptr ? "" : " (" + was->volid + ")", volume.path));
}

Plan take(const Case& the, const Volume& volume, const api::v1alpha1::MachineVolume& there) {
  const auto& peer = *the.world.peer;
  if (auto obstacle = plan_obstacle(the)) return *std::move(obstacle);
  if (the.world.guest.status->running) return plan_power_off(the);
  if (peer.running) {
    return wait(steps::kTake, "TakingVolumes", other_text(the) + " is to stop first",
                std::chrono::seconds(1));
  }
  if (const auto lock = peer.config.find("lock")) {
    return wait(steps::kTake, "Locked", other_text(the) + " is locked (" + *lock + ")", kPollTask);
  }
  if (auto later = in_backoff(the, steps::kTake, "TakeFailed", "")) return *std::move(later);
  pve::VolumeGift gift;
  gift.from = *peer.vmid;
  gift.from_key = there.key;
  gift.from_digest = peer.config.digest;
  gift.to = the.world.row->vmid;
  gift.to_key = free_mount_key(the.world.guest.config);
  gift.to_digest = the.world.guest.config.digest;
  return act(
      steps::kTake, TakeVolume{std::move(gift), peer.uid}, "TakingVolumes",
      absl::StrFormat("taking volume %s (%s) from %s", volume.name, there.volid, other_text(the)));
}

bool has_volumes(const pve::GuestConfig& config) {
  return !volumes_of(config).empty() || !unused_volumes(config).empty();
}

}  // namespace

std::optional<Plan> plan_handover(const Case& the) {
  const auto& handover = the.machine.spec.handover;
  if (!handover || handover->role == HandoverRole::gives) return std::nullopt;
  const auto missing = missing_volumes(the.machine, the.world.guest.config);
  if (missing.empty()) return std::nullopt;
  const auto& peer = the.world.peer;
  const bool is_known = peer.has_value() && peer->is_known;
  // What cannot be handed over is said before anything stops for it.
  if (handover->role == HandoverRole::waits) return is_known ? plan_obstacle(the) : std::nullopt;
  if (!is_known) {
    return unknown(steps::kTake, "whether " + other_name(the) + " has its volumes is not known: " +
                                     (peer.has_value() ? peer->why : "not looked at"));
  }
  const auto there = volumes_of(peer->config);
  for (const auto& volume : missing)
    if (const auto* found = find_volume(there, volume.path)) return take(the, volume, *found);
  return plan_missing(the, missing.front());
}

std::optional<Plan> plan_before_giving(const Case& the) {
  const auto& handover = the.machine.spec.handover;
  if (!handover || handover->role == HandoverRole::takes || !was_made(the)) return std::nullopt;
  const auto& guest = the.world.guest;
  if (guest.occupant == Occupant::unknown) {
    return unknown(steps::kStop, guest_text(the.world) + " is not to be seen (" + guest.why +
                                     "): whether it has volumes cannot be told");
  }
  if (guest.occupant != Occupant::ours || !has_volumes(guest.config)) return std::nullopt;
  if (!guest.status.has_value()) return unknown(steps::kStop, message_of(guest.unreadable));
  if (const auto lock = guest.config.find("lock")) {
    return wait(steps::kStop, "Locked", guest_text(the.world) + " is locked (" + *lock + ")",
                kLookAgain);
  }
  if (guest.status->running) return plan_power_off(the);
  auto plan = hold(steps::kStop, "HasVolumes",
                   guest_text(the.world) + " has volumes, which go to " + handover->machine +
                       " first; one that is not of its App is to be detached");
  plan.recheck = std::chrono::seconds(2);
  return plan;
}

}  // namespace gantry::controllers::machine
