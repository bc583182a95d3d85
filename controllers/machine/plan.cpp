#include "controllers/machine/plan.h"

#include "controllers/machine/identity.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "pkg/pve/errors.h"
#include "pkg/store/finalizer.h"

namespace gantry::controllers::machine {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

// What guard stands before an action.
enum class Guard { none, write, destroy };
Guard guard_of(const Action& action) {
  return std::visit(Overloaded{
                        [](const Create&) { return Guard::write; },
                        [](const Configure&) { return Guard::write; },
                        [](const Resize&) { return Guard::write; },
                        [](const TakeVolume&) { return Guard::destroy; },
                        [](const Start&) { return Guard::write; },
                        [](const Reserve&) { return Guard::write; },
                        [](const Adopt&) { return Guard::write; },
                        [](const ForgetCreate&) { return Guard::write; },
                        [](const Renumber&) { return Guard::write; },
                        [](const Migrate&) { return Guard::destroy; },
                        [](const Shutdown&) { return Guard::destroy; },
                        [](const Stop&) { return Guard::destroy; },
                        [](const Destroy&) { return Guard::destroy; },
                        [](const TakeSnapshot&) { return Guard::write; },
                        [](const RemoveSnapshot&) { return Guard::destroy; },
                        [](const BackUp&) { return Guard::destroy; },
                        [](const RollBack&) { return Guard::destroy; },
                        [](const RemoveUnfinished&) { return Guard::destroy; },
                        [](const auto&) { return Guard::none; },
                    },
                    action);
}

// What the guards stop is shown as held, with what would have been done.
Plan guarded(Plan plan, const Observation& world) {
  const auto guard = guard_of(plan.action);
  Status verdict;
  if (guard == Guard::write) verdict = world.may_write;
  if (guard == Guard::destroy) verdict = world.may_destroy;
  if (verdict.ok() && plan.is_repair) verdict = world.may_repair;
  if (verdict.ok()) return plan;
  auto stopped = refused(plan.step, verdict);
  stopped.message = "would " + describe(plan.action) + ": " + stopped.message;
  stopped.drifts = std::move(plan.drifts);
  stopped.stopped_by_person_at = plan.stopped_by_person_at;
  return stopped;
}

Plan plan_adoption(const Case& the) {
  const VmId vmid(the.machine.spec.adoption->vmid);
  const auto& guest = the.world.guest;
  if (guest.config.values.empty()) {
    return unknown(steps::kReserve,
                   absl::StrFormat("container %d is to be adopted and could not be read: %s",
                                   vmid.get(), guest.why));
  }
  const auto mark = pve::find_mark(guest.config.find("description").value_or(""));
  const pve::Mark wanted{the.world.installation, the.machine.metadata.uid, 1};
  if (mark.has_value() && mark->uid == wanted.uid && mark->installation == wanted.installation) {
    return act(steps::kReserve, Adopt{vmid}, "Adopting",
               absl::StrFormat("container %d carries our mark", vmid.get()));
  }
  // Only a person can say that a container is meant to become ours.
  return hold(steps::kReserve, "AdoptionUnproven",
              absl::StrFormat("to hand over container %d, add this line to its notes: %s",
                              vmid.get(), pve::to_description_line(wanted)));
}

Plan plan_without_row(const Case& the) {
  if (the.machine.spec.adoption.has_value()) return plan_adoption(the);
  return act(steps::kReserve, Reserve{}, "ReservingId", "reserving a VMID");
}

Plan plan_wanted(const Case& the) {
  if (!store::has_finalizer(the.machine, kFinalizer)) {
    return act(steps::kReserve, AddFinalizer{}, "Preparing", "adding our finalizer");
  }
  if (the.shape == nullptr) {
    return stall(
        steps::kReserve, "ReferenceNotFound",
        absl::StrFormat("machineClass '%s' not found", the.machine.spec.machine_class_name),
        "MC-002");
  }
  if (!the.world.row.has_value()) return plan_without_row(the);
  const bool is_there = the.world.guest.occupant == Occupant::ours &&
                        the.world.create_task.state != TaskState::running;
  // A backup is no reason to call what runs anything else.
  if (is_there && is_only_copied(the)) return plan_upkeep(the);
  if (auto task = busy(the, the.machine.status.step)) return *std::move(task);
  if (is_there) return plan_upkeep(the);
  return plan_creation(the);
}

}  // namespace

std::string describe(const Action& action) {
  return std::visit(Overloaded{
                        [](const Nothing&) { return "do nothing"; },
                        [](const Create&) { return "create the container"; },
                        [](const Configure&) { return "change its configuration"; },
                        [](const Resize&) { return "grow its disk"; },
                        [](const TakeVolume&) { return "take a volume"; },
                        [](const Migrate&) { return "move it"; },
                        [](const Start&) { return "start it"; },
                        [](const Shutdown&) { return "shut it down"; },
                        [](const Stop&) { return "stop it"; },
                        [](const Destroy&) { return "destroy the container"; },
                        [](const TakeSnapshot&) { return "take a snapshot"; },
                        [](const RemoveSnapshot&) { return "remove a snapshot"; },
                        [](const BackUp&) { return "back it up"; },
                        [](const RollBack&) { return "put its disks back"; },
                        [](const NoteRestore&) { return "note the restore"; },
                        [](const RemoveUnfinished&) { return "remove the unfinished container"; },
                        [](const AddFinalizer&) { return "add the finalizer"; },
                        [](const Reserve&) { return "reserve a VMID"; },
                        [](const Adopt&) { return "adopt the container"; },
                        [](const NoteCreateTask&) { return "follow the create task"; },
                        [](const ForgetCreate&) { return "create the container again"; },
                        [](const Renumber&) { return "reserve another VMID"; },
                        [](const Release&) { return "release the VMID"; },
                        [](const RemoveFinalizer&) { return "remove the finalizer"; },
                    },
                    action);
}

bool is_nothing(const Action& action) {
  return std::holds_alternative<Nothing>(action);
}

Plan act(std::string step, Action action, std::string reason, std::string message) {
  Plan plan;
  plan.situation = Situation::progressing;
  plan.step = std::move(step);
  plan.action = std::move(action);
  plan.reason = std::move(reason);
  plan.message = std::move(message);
  return plan;
}

Plan wait(std::string step, std::string reason, std::string message, Duration recheck) {
  auto plan = act(std::move(step), Nothing{}, std::move(reason), std::move(message));
  plan.situation = Situation::waiting;
  plan.recheck = recheck;
  return plan;
}

Plan hold(std::string step, std::string reason, std::string message, std::string code) {
  auto plan = wait(std::move(step), std::move(reason), std::move(message), 15 * kPollTask);
  plan.situation = Situation::held;
  plan.code = std::move(code);
  return plan;
}

Plan stall(std::string step, std::string reason, std::string message, std::string code) {
  auto plan = hold(std::move(step), std::move(reason), std::move(message), std::move(code));
  plan.situation = Situation::stalled;
  return plan;
}

Plan unknown(std::string step, std::string message, std::string code) {
  auto plan = wait(std::move(step), "Unknown", std::move(message), kLookAgain);
  plan.situation = Situation::unknown;
  plan.code = std::move(code);
  return plan;
}

Plan refused(std::string step, const Status& why) {
  const auto code = catalogue_code(why).value_or("");
  if (error_class(why) != ErrorClass::held) return unknown(std::move(step), message_of(why), code);
  // "OwnershipUnproven: …": guards put the reason in front.
  const auto text = message_of(why);
  const auto colon = text.find(": ");
  const bool has_reason = colon != std::string::npos && colon > 0 && text.find(' ') > colon &&
                          text[0] >= 'A' && text[0] <= 'Z';
  auto plan = hold(std::move(step), has_reason ? text.substr(0, colon) : "Held", text, code);
  plan.recheck = kLookAgain;
  return plan;
}

std::string guest_text(const Observation& world) {
  const auto vmid = world.row.has_value() ? world.row->vmid.get() : 0;
  if (world.guest.node.get().empty()) return absl::StrFormat("container %d", vmid);
  return absl::StrFormat("container %d on %s", vmid, world.guest.node.get());
}

std::optional<Plan> in_backoff(const Case& the, const std::string& step, const std::string& reason,
                               const std::string& code) {
  const auto due = next_attempt(the.status(), step);
  if (!due.has_value() || *due <= the.world.now) return std::nullopt;
  const auto* record = find_step(the.status(), step);
  const auto known = pve::task_failure_code(record->message);
  auto plan =
      wait(step, reason,
           absl::StrFormat("%s; attempt %d at %s",
                           record->message.empty() ? step + " did not last" : record->message,
                           record->attempts + 1, to_rfc3339(*due)),
           *due - the.world.now);
  plan.code = known.has_value() ? std::string(*known) : code;
  if (record->attempts >= kAttemptsBeforeStalled) plan.situation = Situation::stalled;
  return plan;
}

Time settles_at(const Case& the, Time called) {
  // Where this process made the call it knows how long ago that was; the ledger has the time of
  // day, which may have been set since.
  if (the.world.since_call.has_value()) {
    return the.world.now + kUnclearSettle - *the.world.since_call;
  }
  return called + kUnclearSettle;
}

std::optional<Plan> open_call(const Case& the) {
  struct Call {
    const char* step;
    std::vector<std::string> tasks;
  };
  static const Call kCalls[] = {
      {steps::kStart, {"vzstart"}},      {steps::kStop, {"vzstop", "vzshutdown"}},
      {steps::kMove, {"vzmigrate"}},     {steps::kTake, {"move_volume"}},
      {steps::kRestore, {"vzrollback"}}, {steps::kDestroy, {"vzdestroy"}}};
  for (const auto& call : kCalls) {
    const auto* step = find_step(the.status(), call.step);
    const bool open = step != nullptr && step->state == StepState::running && step->upid.empty() &&
                      step->started_at.has_value() &&
                      the.world.now < settles_at(the, *step->started_at);
    if (!open) continue;
    const bool seen = std::ranges::any_of(the.world.tasks, [&](const pve::Task& task) {
      return std::ranges::find(call.tasks, task.type) != call.tasks.end() &&
             same_user(task.user, the.world.user) && task.started > *step->started_at - kClockSkew;
    });
    if (seen) continue;
    return wait(steps::kDestroy, "AnswerLost",
                absl::StrFormat("the answer to a call (%s) was lost: it may still be executed "
                                "until %s",
                                call.step, to_rfc3339(settles_at(the, *step->started_at))),
                kLookAgain);
  }
  return std::nullopt;
}

std::optional<Plan> busy(const Case& the, const std::string& step) {
  const auto& task = the.world.task;
  if (task.state == TaskState::running) {
    return wait(step, "TaskRunning", task.task.type + " runs", kPollTask);
  }
  if (task.state == TaskState::unreadable) {
    return unknown(step, "the state of task " + the.status().upid + " could not be read");
  }
  for (const auto& other : the.world.tasks) {
    if (!other.running) continue;
    return wait(step, "TaskRunning", other.type + " by " + other.user + " runs", kPollTask);
  }
  return std::nullopt;
}

Plan plan(const Machine& machine, const MachineClass* shape, const Observation& observed) {
  const Case the{machine, shape, observed};
  if (!observed.cluster.ok()) {
    return unknown(machine.status.step, message_of(observed.cluster),
                   catalogue_code(observed.cluster).value_or(""));
  }
  if (machine.metadata.deleting()) return guarded(plan_deletion(the), observed);
  return with_snapshots(the, guarded(plan_wanted(the), observed));
}

}  // namespace gantry::controllers::machine
