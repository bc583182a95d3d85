#include "controllers/machine/identity.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "pkg/pve/errors.h"

namespace gantry::controllers::machine {

bool is_anothers(const Observation& world) {
  return world.guest.occupant == Occupant::stranger && carries_mark(world.guest.config);
}

namespace {

Plan note(const pve::Task& task) {
  return act(steps::kCreate, NoteCreateTask{task.upid}, "Creating",
             "found the create task " + task.upid.get() + " whose answer was lost");
}

// The create was asked for and its task has ended, or can no longer be asked.
Plan plan_after_create(const Case& the) {
  const auto& world = the.world;
  const bool succeeded = world.create_task.state == TaskState::succeeded;
  if (!world.vmid_free.has_value()) {
    return unknown(steps::kCreate, guest_text(world) +
                                       " is not to be seen, and whether its id is "
                                       "free could not be asked");
  }
  if (!*world.vmid_free) {
    // Neither seen nor free: it has just been made and the lists lag, or its create died.
    if (!succeeded) return plan_unfinished(the);
    if (world.guest.occupant == Occupant::absent) return plan_taken_over(the);
    return unknown(
        steps::kCreate,
        guest_text(world) + " exists but cannot be read: " +
            (world.guest.unreadable.ok() ? world.guest.why : message_of(world.guest.unreadable)));
  }
  if (!succeeded) {
    if (auto later = in_backoff(the, steps::kCreate, "CreateFailed", "CT-002")) return *later;
    auto again = act(steps::kCreate, ForgetCreate{}, "CreateFailed",
                     "the create failed and left nothing: trying again");
    again.code = "CT-002";
    return again;
  }
  if (world.guest.occupant != Occupant::absent) return unknown(steps::kCreate, world.guest.why);
  if (auto lost = hold_lost_volumes(the)) return *std::move(lost);
  if (is_adopted(the.machine, *world.row)) {
    return hold(steps::kCreate, "AdoptedGone",
                guest_text(world) + ", which was adopted, is gone (" + world.guest.why +
                    "): what it was cannot be made again. Restore it onto its id, or delete this "
                    "Machine",
                "CT-008");
  }
  auto plan = act(steps::kCreate, ForgetCreate{.is_repair = true}, "DeletedExternally",
                  guest_text(world) + " is gone (" + world.guest.why + "): creating it again");
  plan.code = "CT-008";
  plan.is_repair = true;
  return plan;
}

// A task that may be ours, from before our token was changed, or that of another installation: what
// it made tells by its mark, once it can be seen.
std::optional<Plan> plan_kin(const Case& the) {
  const auto* step = find_step(the.status(), steps::kCreate);
  const bool was_called = step != nullptr && step->started_at.has_value();
  const auto& world = the.world;
  const bool is_open = world.vmid_free == false && !is_anothers(world);
  if (!was_called || !is_open || !world.traces->kin.has_value()) return std::nullopt;
  const auto& kin = *world.traces->kin;
  const auto vmid = world.row->vmid.get();
  if (kin.running) {
    return wait(steps::kCreate, "CreateUnclear",
                absl::StrFormat("VMID %d is being created by %s: by another installation, or by us "
                                "before the token was changed",
                                vmid, kin.user),
                kLookAgain);
  }
  return hold(
      steps::kCreate, "CreateUnclear",
      absl::StrFormat("VMID %d was taken by %s, and what it made cannot be seen or has no mark; "
                      "look at it as root: pct config %d; deletionPolicy: Retain gives the id up",
                      vmid, kin.upid.get(), vmid),
      "CT-001");
}

// No create call is open: the id is ours to use, if nobody else uses it.
Plan plan_first_create(const Case& the) {
  const auto& world = the.world;
  if (!world.vmid_free.has_value()) {
    return unknown(steps::kCreate, absl::StrFormat("whether VMID %d is free could not be asked",
                                                   world.row->vmid.get()));
  }
  if (*world.vmid_free) {
    if (auto later = in_backoff(the, steps::kCreate, "CreateFailed", "CT-002")) return *later;
    if (!world.attachment.waits_for.empty()) {
      return wait(steps::kCreate, "ApplianceNotReady", world.attachment.waits_for, kLookAgain);
    }
    if (!world.address_conflict.empty())
      return hold(steps::kCreate, "AddressConflict", world.address_conflict, kAddressConflict);
    return act(steps::kCreate, Create{}, "Creating",
               absl::StrFormat("creating container %d", world.row->vmid.get()));
  }
  if (world.guest.occupant == Occupant::unfinished) {
    return wait(steps::kCreate, "VMIDTaken",
                absl::StrFormat("VMID %d is being created by somebody", world.row->vmid.get()),
                kLookAgain);
  }
  if (auto trace = plan_trace(the)) return *trace;
  const auto text = absl::StrFormat("VMID %d belongs to somebody else", world.row->vmid.get());
  if (the.machine.spec.vmid.has_value()) {
    return stall(steps::kReserve, "VMIDForeign", text + ", and spec.vmid asks for it", "CT-001");
  }
  auto plan = act(steps::kReserve, Renumber{}, "VMIDForeign", text + ": taking another");
  plan.code = "CT-001";
  return plan;
}

}  // namespace

std::optional<Plan> plan_trace(const Case& the) {
  const auto& traces = the.world.traces;
  if (!traces.has_value() || !traces->complete) {
    return unknown(steps::kCreate, absl::StrFormat("VMID %d is taken, and whether by us is unknown",
                                                   the.world.row->vmid.get()));
  }
  if (traces->task.has_value()) return note(*traces->task);
  return plan_kin(the);
}

bool is_adopted(const Machine& machine, const store::GuestRow& row) {
  return machine.spec.adoption.has_value() && machine.spec.adoption->vmid == row.vmid.get();
}

bool was_made(const Case& the) {
  return the.world.row->create_task.has_value() || is_adopted(the.machine, *the.world.row) ||
         is_step(the.status(), steps::kCreate, StepState::done);
}

std::optional<Time> unclear_create_since(const Case& the) {
  if (!the.world.row.has_value() || the.world.row->create_task.has_value()) return std::nullopt;
  const auto* step = find_step(the.status(), steps::kCreate);
  if (step == nullptr || step->state != StepState::running) return std::nullopt;
  return step->started_at;
}

std::optional<Plan> plan_unclear_create(const Case& the) {
  const auto since = unclear_create_since(the);
  if (!since.has_value()) return std::nullopt;
  const auto& traces = the.world.traces;
  if (traces.has_value() && traces->task.has_value()) return note(*traces->task);
  const auto text =
      absl::StrFormat("the answer to the create call of %s was lost", to_rfc3339(*since));
  if (!traces.has_value() || !traces->complete) {
    const auto why = traces.has_value() ? ": " + traces->why_incomplete : std::string();
    return unknown(steps::kCreate, text + ", and its task cannot be looked for" + why);
  }
  const auto until = settles_at(the, *since);
  if (the.world.now < until) {
    return wait(steps::kCreate, "CreateUnclear",
                text + ": it may still be executed until " + to_rfc3339(until), kLookAgain);
  }
  if (auto kin = plan_kin(the)) return kin;
  // A clone's task names its source, so that it is not found here; its guest has no mark before the
  // end, and somebody may edit it away. Taken by what does not say whose it is, the id may be ours.
  const bool may_be_clone = the.shape == nullptr || the.shape->spec.golden.has_value();
  if (may_be_clone && !is_anothers(the.world) && the.world.vmid_free == false) {
    return hold(
        steps::kCreate, "CreateUnclear",
        text + absl::StrFormat(", and VMID %d is taken by what has no mark that we can see: our "
                               "clone, if it runs still, or look as root: pct config %d; "
                               "deletionPolicy: Retain gives the id up",
                               the.world.row->vmid.get(), the.world.row->vmid.get()),
        "CT-001");
  }
  return std::nullopt;
}

Plan hold_unfinished(const Case& the, const std::string& why) {
  const auto vmid = the.world.row->vmid.get();
  const auto node =
      the.world.guest.node.get().empty() ? the.world.create_task.task.node : the.world.guest.node;
  const auto* const left = the.world.guest.occupant == Occupant::unfinished
                               ? "left a locked config"
                               : "left something that we cannot see, most likely a locked config";
  return hold(
      steps::kCreate, "StaleLock",
      absl::StrFormat("the create of container %d died half-way and %s%s; as root on %s: "
                      "pct unlock %d && pct destroy %d --destroy-unreferenced-disks 1",
                      vmid, left, why.empty() ? "" : " (" + why + ")", node.get(), vmid, vmid),
      "CT-011");
}

Plan plan_unfinished(const Case& the) {
  const auto& world = the.world;
  const auto vmid = world.row->vmid.get();
  const auto& task = world.create_task;
  const bool visible = world.guest.occupant == Occupant::unfinished;
  // A worker that was killed cleans nothing up; one that failed does. After the latter whoever has
  // the id may be a stranger: then nobody shall be told to destroy it.
  if (!visible && task.task.exit_status != "unexpected status") {
    return hold(steps::kCreate, "VMIDTaken",
                absl::StrFormat("the create of container %d ended unclearly and the id is taken by "
                                "something that we cannot see; look at it as root: pct config %d",
                                vmid, vmid),
                "CT-001");
  }
  // A person may have cleaned up, and somebody else be creating there now.
  if (world.traces.has_value() && world.traces->task.has_value()) {
    return hold(steps::kCreate, "VMIDTaken",
                absl::StrFormat("the create of container %d died, and its id has been used since: "
                                "%s by %s",
                                vmid, world.traces->task->upid.get(), world.traces->task->user),
                "CT-001");
  }
  const bool dead = task.state == TaskState::failed;
  if (!dead || !world.has_channel) return hold_unfinished(the, "");
  // The forced command refuses: a clone's task names its source, and proves nothing about the copy.
  if (task.task.type == "vzclone") return hold_unfinished(the, "a clone");
  if (!world.traces.has_value() || !world.traces->complete) {
    return unknown(steps::kCreate,
                   absl::StrFormat("the create of container %d died half-way, and whether somebody "
                                   "else uses its id since cannot be asked",
                                   vmid));
  }
  auto plan =
      act(steps::kCreate, RemoveUnfinished{}, "CreateDied",
          absl::StrFormat("the create of container %d died half-way: removing what it left", vmid));
  plan.code = "CT-011";
  return plan;
}

Plan plan_taken_over(const Case& the) {
  // Ours may have been moved out of our sight, or somebody else has the id since: not to be told.
  return hold(the.machine.metadata.deleting() ? steps::kProve : steps::kCreate, "VMIDReused",
              guest_text(the.world) +
                  " is gone from all that we may see, but its id is taken: it is "
                  "not replaced until a person decides; deletionPolicy: Retain "
                  "gives the id up",
              "SAF-005");
}

Plan plan_creation(const Case& the) {
  const auto& world = the.world;
  const auto& guest = world.guest;
  if (was_made(the)) {
    switch (world.create_task.state) {
      case TaskState::running:
        return wait(steps::kCreate, "Creating", "the container is being created", kPollTask);
      case TaskState::unreadable:
      case TaskState::none:
        return unknown(steps::kCreate, "the state of the create task could not be read");
      case TaskState::succeeded:
      case TaskState::failed:
      case TaskState::forgotten:
        break;
    }
    if (guest.occupant == Occupant::stranger) {
      return hold(steps::kCreate, "OwnershipUnproven",
                  guest_text(world) +
                      " does not carry our mark: it is neither changed nor "
                      "replaced until a person decides");
    }
    if (guest.occupant == Occupant::unfinished) return plan_unfinished(the);
    return plan_after_create(the);
  }
  if (auto unclear = plan_unclear_create(the)) return *unclear;
  return plan_first_create(the);
}

}  // namespace gantry::controllers::machine
