#include <algorithm>

#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "pkg/base/text.h"
#include "pkg/pve/property_string.h"

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::DeletionPolicy;

Plan release(std::string message) {
  return act(steps::kProve, Release{}, "Releasing", std::move(message));
}

// Nothing of ours was ever asked for on this id.
bool never_asked(const Case& the) {
  if (was_made(the)) return false;
  const auto* step = find_step(the.status(), steps::kCreate);
  return step == nullptr || step->attempts == 0;
}

bool destroyed(const Case& the) {
  return is_step(the.status(), steps::kDestroy, StepState::done);
}

Plan plan_destroy(const Case& the) {
  const auto& world = the.world;
  const auto& guest = world.guest;
  if (const auto lock = guest.config.find("lock")) {
    return wait(steps::kDestroy, "Locked", guest_text(world) + " is locked (" + *lock + ")",
                kLookAgain);
  }
  if (pve::same_value(guest.config.find("protection").value_or("0"), "1")) {
    return hold(steps::kDestroy, "Protected",
                guest_text(world) +
                    " is protected: take the protection off the class, or with "
                    "pct set --protection 0, if it is meant to go");
  }
  if (!guest.status.has_value()) return unknown(steps::kDestroy, message_of(guest.unreadable));
  if (!guest.status->running) {
    if (auto open = open_call(the)) return *open;
    if (auto later = in_backoff(the, steps::kDestroy, "DestroyFailed", "")) return *later;
    return act(steps::kDestroy, Destroy{}, "Destroying", "destroying " + guest_text(world));
  }
  return plan_power_off(the);
}

// Of an App, with volumes.
bool holds_data_of_app(const Machine& machine) {
  return !machine.spec.volumes.empty() &&
         std::ranges::any_of(machine.metadata.owner_references, [](const auto& owner) {
           return owner.kind == "App" && owner.controller.value_or(false);
         });
}

// Somebody else than its App has deleted it: nothing writes to its volumes any more once it is
// nobody's, and what a person finds is whole.
std::optional<Plan> plan_stop_before_leaving(const Case& the) {
  const auto& guest = the.world.guest;
  if (!holds_data_of_app(the.machine) || !was_made(the)) return std::nullopt;
  if (guest.occupant == Occupant::unknown) {
    return unknown(steps::kLeave, guest_text(the.world) + " is not to be seen (" + guest.why +
                                      "): whether it has stopped cannot be told");
  }
  if (guest.occupant != Occupant::ours) return std::nullopt;
  if (!guest.status.has_value()) return unknown(steps::kLeave, message_of(guest.unreadable));
  if (!guest.status->running) return open_call(the);
  if (const auto lock = guest.config.find("lock")) {
    return wait(steps::kLeave, "Locked", guest_text(the.world) + " is locked (" + *lock + ")",
                kLookAgain);
  }
  return plan_power_off(the);
}

// The container is gone by every sign; its volumes must be, too.
Plan plan_proof(const Case& the) {
  if (auto open = open_call(the)) return *open;
  const auto& leftovers = the.world.leftovers;
  if (!leftovers.has_value()) {
    return unknown(steps::kProve, "whether volumes are left could not be read");
  }
  // A destroy of ours that ended well has removed what the config named, wherever that was.
  const bool may_be_elsewhere = !destroyed(the) && !never_asked(the);
  if (leftovers->found.empty() && may_be_elsewhere && !leftovers->unread.empty()) {
    return unknown(
        steps::kProve,
        absl::StrFormat("whether volumes are left cannot be told while storage %s is out "
                        "of reach; deletionPolicy: Retain gives the id up",
                        join(leftovers->unread, ", ")));
  }
  if (leftovers->found.empty()) {
    return release(guest_text(the.world) + (destroyed(the)
                                                ? " and its volumes are gone"
                                                : " is gone, and no volume of it is to be seen"));
  }
  std::vector<std::string> volumes;
  for (const auto& volume : leftovers->found) volumes.push_back(volume.volid);
  return hold(steps::kProve, "LeftoverVolumes",
              "the container is gone but not its volumes; as root: pvesm free " +
                  join(volumes, " && pvesm free "));
}

// Whose guest it is that we have no record of having made. A create may have been sent twice, so
// that the answer we heard was the refusal of the second: its task tells.
Plan plan_unrecorded(const Case& the, const std::string& somebody_elses) {
  if (!never_asked(the) && !is_anothers(the.world)) {
    if (auto trace = plan_trace(the)) return *trace;
  }
  return release(somebody_elses);
}

Plan plan_unseen(const Case& the) {
  const auto& world = the.world;
  if (!world.vmid_free.has_value()) {
    return unknown(steps::kProve, guest_text(world) + " is not to be seen (" + world.guest.why +
                                      "), and whether its id is free could not be asked");
  }
  const bool ended = world.create_task.state == TaskState::failed ||
                     world.create_task.state == TaskState::forgotten;
  if (*world.vmid_free) {
    // No guest has the id, seen or not. That our own create is over, was looked at before.
    const bool proven =
        world.guest.occupant == Occupant::absent || destroyed(the) || ended || !was_made(the);
    if (proven) return plan_proof(the);
    return wait(steps::kProve, "ProvingAbsence", world.guest.why, kLookAgain);
  }
  // Taken by something that cannot be seen.
  if (never_asked(the)) return release("nothing was ever created on its VMID");
  if (destroyed(the) && world.guest.occupant == Occupant::absent) {
    return release("destroyed; the VMID has been taken by somebody else since");
  }
  if (ended) return plan_unfinished(the);
  if (!was_made(the))
    return plan_unrecorded(the, "the create had no effect; the VMID belongs to somebody else");
  if (world.guest.occupant == Occupant::absent) return plan_taken_over(the);
  return unknown(steps::kProve, guest_text(world) + " is not to be seen (" + world.guest.why +
                                    ") but its id is taken");
}

Plan plan_stranger(const Case& the) {
  if (!was_made(the)) return plan_unrecorded(the, "the guest on its VMID is somebody else's");
  if (destroyed(the)) return release("destroyed; the VMID has been taken by somebody else since");
  return hold(steps::kDestroy, "OwnershipUnproven",
              guest_text(the.world) +
                  " does not carry our mark: it is not destroyed. Put the mark "
                  "back into its notes, or set deletionPolicy: Retain");
}

}  // namespace

Plan plan_deletion(const Case& the) {
  const auto& world = the.world;
  if (!world.row.has_value()) {
    return act(steps::kProve, RemoveFinalizer{}, "Deleted", "nothing is left");
  }
  if (auto task = busy(the, the.status().step)) return *std::move(task);
  if (world.create_task.state == TaskState::running) {
    return wait(steps::kCreate, "Creating", "it is being created: deleted after that", kPollTask);
  }
  const bool retain = the.machine.spec.deletion_policy == DeletionPolicy::retain;
  if (auto unclear = plan_unclear_create(the)) {
    // What only a person can tell, he has decided.
    if (!retain || unclear->situation != Situation::held) return *unclear;
  }
  if (auto first = plan_before_giving(the)) return *std::move(first);
  if (retain) {
    if (auto first = plan_stop_before_leaving(the)) return *std::move(first);
    return act(steps::kLeave, Release{}, "Releasing",
               guest_text(world) + " is left as it is, as deletionPolicy: Retain asks");
  }
  if (world.create_task.state == TaskState::unreadable) {
    return unknown(steps::kDestroy, "the state of the create task could not be read");
  }
  switch (world.guest.occupant) {
    case Occupant::ours:
      return plan_destroy(the);
    case Occupant::unfinished:
      return was_made(the)
                 ? plan_unfinished(the)
                 : plan_unrecorded(the, "what is being created on its VMID is somebody else's");
    case Occupant::stranger:
      return plan_stranger(the);
    case Occupant::absent:
    case Occupant::unknown:
      break;
  }
  return plan_unseen(the);
}

}  // namespace gantry::controllers::machine
