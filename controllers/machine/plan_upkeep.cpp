#include <algorithm>

#include "controllers/machine/addresses.h"
#include "controllers/machine/desired.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "pkg/base/text.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::PowerState;

// A stop follows within seconds on the shutdown that failed, unless something holds it.
constexpr Duration kSameWish = 10min;

bool is_stop(const std::string& type) {
  return type == "vzstop" || type == "vzshutdown" || type == "vzsuspend";
}
bool is_start(const std::string& type) {
  return type == "vzstart" || type == "vzreboot" || type == "vzresume";
}

// Tasks that we started ourselves: by their UPID, or by user and time where a crash kept us from
// noting it.
bool is_ours(const Case& the, const pve::Task& task) {
  for (const auto& step : the.status().steps) {
    if (step.upid == task.upid.get()) return true;
  }
  if (!same_user(task.user, the.world.user)) return false;
  const auto* stop = find_step(the.status(), steps::kStop);
  return stop != nullptr && stop->started_at.has_value() &&
         task.started - *stop->started_at < 5min && *stop->started_at - task.started < 5min;
}

Duration hold_of(const Case& the) {
  return the.machine.spec.stopped_by_person_hold.value_or(the.shape->spec.stopped_by_person_hold);
}

// A lock that nothing holds any more. Backup, migrate and disk locks guard data: never unlocked
// automatically.
std::optional<Plan> plan_stale_lock(const Case& the) {
  const auto lock = the.world.guest.config.find("lock");
  if (!lock.has_value()) return std::nullopt;
  const bool idle = std::ranges::none_of(the.world.tasks, &pve::Task::running);
  const auto newest = the.world.tasks.empty() ? std::nullopt : the.world.tasks.front().ended;
  const bool stale = idle && newest.has_value() && the.world.now - *newest > kStaleLock;
  if (!stale) return std::nullopt;
  return stall(the.status().step, "StaleLock",
               guest_text(the.world) + " is locked (" + *lock +
                   ") and no task runs; as root: pct unlock " +
                   std::to_string(the.world.row->vmid.get()),
               "CT-011");
}

// A lock, or somebody's task, that lets nothing be changed now; it ends by itself.
std::optional<Plan> plan_blocked(const Case& the) {
  if (auto task = busy(the, the.status().step)) return task;
  const auto lock = the.world.guest.config.find("lock");
  if (!lock.has_value()) return std::nullopt;
  return wait(the.status().step, "Locked", guest_text(the.world) + " is locked (" + *lock + ")",
              kLookAgain);
}

std::optional<Plan> plan_settings(const Case& the, const Drifts& drifts) {
  const bool was_ready = is_step(the.status(), steps::kReady, StepState::done);
  auto later = in_backoff(the, steps::kConfigure, "InvalidConfig", "CT-003");
  // A container that has been well keeps running while one of its settings cannot be put right.
  if (later.has_value() && drifts.has(Repair::set)) {
    return was_ready ? std::nullopt : std::move(later);
  }
  std::vector<std::string> keys;
  for (const auto& drift : drifts.all) {
    if (drift.repair == Repair::set) keys.push_back(drift.key);
  }
  if (!keys.empty()) {
    return act(steps::kConfigure, Configure{drifts.set, drifts.remove},
               was_ready ? "RevertingDrift" : "Configuring", "setting " + join(keys, ", "));
  }
  for (const auto& drift : drifts.all) {
    if (drift.repair != Repair::resize || later.has_value()) continue;
    return act(steps::kConfigure, Resize{drift.key, drift.want}, "Resizing",
               "growing " + drift.key + " from " + drift.have + " to " + drift.want);
  }
  return std::nullopt;
}

// Nobody has changed the container: its class has been changed, and it follows.
std::string class_change(const Case& the) {
  const auto now = the.shape->metadata.generation;
  const auto then = the.status().class_generation;
  if (then == 0 || then == now) return "";
  return absl::StrFormat("MachineClass %s is at generation %d, the container at %d",
                         the.shape->metadata.name, now, then);
}

std::optional<Plan> plan_changes(const Case& the, const Drifts& drifts) {
  auto plan = plan_settings(the, drifts);
  const auto change = class_change(the);
  if (!plan.has_value() || change.empty() || is_nothing(plan->action)) return plan;
  plan->reason = "ClassChanged";
  plan->code = "MC-010";
  plan->message = change + ": " + plan->message;
  return plan;
}

// Who wants it to run, and says so after the stop, has the last word.
bool is_start_requested_since(const Case& the, Time stopped_at) {
  const auto& annotations = the.machine.metadata.annotations;
  const auto found = annotations.find(kStartRequested);
  const auto asked = found == annotations.end() ? std::nullopt : from_rfc3339(found->second);
  return asked.has_value() && *asked >= stopped_at;
}

std::optional<Plan> plan_start(const Case& the) {
  const auto& world = the.world;
  if (const auto stop = stop_by_person(the)) {
    const auto stopped_at = stop->ended.value_or(stop->started);
    const auto until = stopped_at + hold_of(the);
    if (world.now < until && !is_start_requested_since(the, stopped_at)) {
      auto plan = hold(steps::kStart, "StoppedExternally",
                       absl::StrFormat("stopped by %s at %s: left so until %s", stop->user,
                                       to_rfc3339(stopped_at), to_rfc3339(until)),
                       "CT-010");
      plan.stopped_by_person_at = stopped_at;
      plan.recheck = std::min<Duration>(until - world.now, 60s);
      return plan;
    }
  }
  if (auto later = in_backoff(the, steps::kStart, "StartFailed", "CT-005")) return later;
  const bool was_ready = is_step(the.status(), steps::kReady, StepState::done);
  auto plan = act(steps::kStart, Start{}, was_ready ? "Restarting" : "Starting",
                  was_ready ? "it has stopped: starting it" : "starting it");
  return plan;
}

// " on vmbr0", of the first card that asks for an address.
std::string where_asked(const Case& the) {
  for (const auto& network : networks_of(the.machine, *the.shape))
    if (network.ip == "dhcp" && !network.bridge.empty()) return " on " + network.bridge;
  return "";
}

std::optional<Plan> plan_network(const Case& the) {
  const auto& guest = the.world.guest;
  const bool wants_network = std::ranges::any_of(
      guest.config.values, [](const auto& value) { return starts_with(value.first, "net"); });
  if (!addresses_of(guest).empty() || !wants_network) return std::nullopt;
  const auto* start = find_step(the.status(), steps::kStart);
  const auto began = start == nullptr ? std::nullopt : start->started_at;
  if (!began.has_value() || the.world.now - *began < kBootTimeout) {
    return wait(steps::kNetwork, "WaitingForAddress", "it runs and has no address yet", kPollTask);
  }
  const auto up = human_duration(std::chrono::floor<std::chrono::minutes>(the.world.now - *began));
  const auto link_local = link_local_of(guest);
  auto plan = wait(steps::kNetwork, "BootNotReady", absl::StrFormat("up %s, no address", up),
                   2 * kLookAgain);
  plan.code = "CT-015";
  if (!link_local.empty()) {
    plan.reason = "NoAddress";
    plan.message = absl::StrFormat("only %s after %s: no DHCP server has answered%s", link_local,
                                   up, where_asked(the));
    plan.code = kNoAddress;
  }
  plan.situation = Situation::stalled;
  return plan;
}

Plan plan_power(const Case& the) {
  const bool runs = the.world.guest.status->running;
  Plan ready;
  ready.situation = Situation::ready;
  ready.step = steps::kReady;
  if (the.machine.spec.power_state == PowerState::stopped) {
    if (runs) return plan_power_off(the);
    ready.reason = "Stopped";
    ready.message = "stopped, as asked";
    return ready;
  }
  if (!runs) return *plan_start(the);
  if (auto network = plan_network(the)) return *network;
  ready.reason = "Running";
  ready.message = "running";
  return ready;
}

// Which node spec.node asks for, where it is not; what keeps it from moving there is held.
std::optional<Plan> plan_move(const Case& the) {
  const auto& world = the.world;
  if (!the.machine.spec.node.has_value()) return std::nullopt;
  const NodeName target(*the.machine.spec.node);
  if (target == world.guest.node) return std::nullopt;
  const auto text = guest_text(world) + " is to be on " + target.get();
  const auto node = world.snapshot->nodes.find(target);
  if (node == world.snapshot->nodes.end() || node->second.status != "online") {
    return hold(steps::kMove, "NodeNotAvailable", text + ", which is not online");
  }
  if (auto later = in_backoff(the, steps::kMove, "MoveFailed", "")) {
    later->situation = Situation::held;
    return later;
  }
  const bool runs = world.guest.status->running;
  if (runs && !world.may_repair.ok()) return refused(steps::kMove, world.may_repair);
  auto plan = act(steps::kMove, Migrate{target}, "Moving",
                  text + (runs ? ": moving it, which restarts it" : ": moving it"));
  plan.is_repair = runs;
  return plan;
}

Plan plan_place_and_power(const Case& the) {
  auto power = plan_power(the);
  auto move = plan_move(the);
  const bool stops =
      std::holds_alternative<Shutdown>(power.action) || std::holds_alternative<Stop>(power.action);
  if (!move.has_value() || stops || power.stopped_by_person_at.has_value()) return power;
  if (!is_nothing(move->action)) return *std::move(move);
  // What keeps it from moving keeps it from nothing else.
  return power.situation == Situation::ready ? *std::move(move) : power;
}

// It has been ready, and runs as it is to.
bool is_well(const Case& the) {
  return the.machine.spec.power_state == PowerState::running && the.world.guest.status->running &&
         is_step(the.status(), steps::kReady, StepState::done);
}

// What keeps a container from being changed keeps it from nothing else: a backup every night is no
// outage.
Plan well_but(const Plan& blocked, const std::string& later) {
  auto plan = blocked;
  plan.situation = Situation::ready;
  plan.step = steps::kReady;
  plan.reason = "Running";
  plan.message = "running; would " + later + ": " + blocked.message;
  return plan;
}

// With an address that somebody else has it is not started, and is not called well. One that has
// another still, goes on with that.
Plan hold_address(const Case& the, const Drifts& drifts, Plan plan) {
  const auto& conflict = the.world.address_conflict;
  const bool has_another =
      std::ranges::find(drifts.all, kAddressConflict, &Drift::code) != drifts.all.end();
  const bool starts = std::holds_alternative<Start>(plan.action);
  const bool runs = plan.situation == Situation::ready && the.world.guest.status->running;
  if (conflict.empty() || has_another || (!starts && !runs)) return plan;
  return hold(starts ? steps::kStart : steps::kNetwork, "AddressConflict", conflict,
              kAddressConflict);
}

// It was asked to shut down, or stopped, and runs on. A call that was refused has asked it nothing;
// one whose answer was lost, perhaps: it is asked again. An older failure is of another wish.
bool has_ignored_shutdown(const Case& the) {
  const auto* stop = find_step(the.status(), steps::kStop);
  const bool failed = stop != nullptr && stop->state == StepState::failed && !stop->upid.empty();
  const auto& deleted = the.machine.metadata.deletion_timestamp;
  return failed && the.world.now - stop->finished_at.value_or(Time{}) < kSameWish &&
         stop->started_at.value_or(Time{}) >= deleted.value_or(Time{});
}

}  // namespace

Plan plan_power_off(const Case& the) {
  if (!has_ignored_shutdown(the))
    return act(steps::kStop, Shutdown{}, "Stopping", "shutting it down");
  return act(steps::kStop, Stop{}, "Stopping", "it did not shut down: stopping it");
}

std::optional<pve::Task> stop_by_person(const Case& the) {
  for (const auto& task : the.world.tasks) {
    if (task.running || !task.succeeded()) continue;
    if (is_start(task.type)) return std::nullopt;
    if (!is_stop(task.type)) continue;
    if (is_ours(the, task)) return std::nullopt;
    // A node that goes down stops its containers, too: that is nobody's wish.
    const auto node = the.world.snapshot->nodes.find(task.node);
    if (node != the.world.snapshot->nodes.end() && node->second.uptime_seconds.has_value()) {
      const auto booted = seconds_before(the.world.now, *node->second.uptime_seconds);
      if (booted > task.started) return std::nullopt;
    }
    return task;
  }
  return std::nullopt;
}

bool is_copy(const std::string& task) {
  return task == "vzdump" || task == "vzsnapshot" || task == "vzdelsnapshot";
}

bool is_only_copied(const Case& the) {
  const auto& task = the.world.task;
  if (task.state == TaskState::unreadable) return false;
  if (task.state == TaskState::running && !is_copy(task.task.type)) return false;
  return std::ranges::all_of(the.world.tasks, [](const pve::Task& other) {
    return !other.running || is_copy(other.type);
  });
}

Plan plan_upkeep(const Case& the) {
  const auto& world = the.world;
  if (auto stale = plan_stale_lock(the)) return *std::move(stale);
  if (!world.guest.status.has_value()) {
    return unknown(the.status().step, message_of(world.guest.unreadable));
  }
  auto drifts = find_drift(the.machine, *the.shape, *world.row, world.installation, world.guest,
                           world.address_conflict);
  auto settings = plan_restore(the);
  if (!settings.has_value()) settings = plan_changes(the, drifts);
  // Before it is started: what runs inside must not begin with an empty folder.
  if (!settings.has_value()) settings = plan_volumes(the);
  auto plan = settings.has_value() ? *std::move(settings) : plan_place_and_power(the);
  auto blocked = plan_blocked(the);
  if (blocked.has_value() && !is_nothing(plan.action)) {
    const auto later = describe(plan.action);
    plan = *std::move(blocked);
    if (is_well(the)) plan = well_but(plan, later);
  }
  plan = hold_address(the, drifts, std::move(plan));
  plan.drifts = std::move(drifts);
  plan.class_generation = the.shape->metadata.generation;
  plan.class_change = class_change(the);
  return plan;
}

}  // namespace gantry::controllers::machine
