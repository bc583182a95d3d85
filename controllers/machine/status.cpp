#include "controllers/machine/status.h"

#include <algorithm>

#include "api/meta/condition.h"
#include "controllers/machine/addresses.h"
#include "controllers/machine/ledger.h"
#include "controllers/machine/snapshots.h"
#include "controllers/machine/usage.h"
#include "controllers/machine/volumes.h"
#include "controllers/machine/words.h"
#include "pkg/base/text.h"
#include "pkg/pve/errors.h"

namespace gantry::controllers::machine {
namespace {

using namespace std::chrono_literals;
using api::meta::Condition;
using api::meta::ConditionStatus;
using api::v1alpha1::Machine;

std::string failure_text(const RememberedTask& task) {
  auto text = task.task.exit_status;
  if (!task.last_line.empty() && task.last_line.find(text) == std::string::npos) {
    text += " (" + task.last_line + ")";
  }
  return text + " [" + task.task.upid.get() + "]";
}

void settle_task(MachineStatus& status, const Observation& world) {
  if (status.upid.empty()) return;
  const auto state = world.task.state;
  if (state == TaskState::running || state == TaskState::unreadable || state == TaskState::none) {
    return;
  }
  for (auto& step : status.steps) {
    if (step.upid != status.upid || step.state != StepState::running) continue;
    const auto name = step.name;
    if (state == TaskState::succeeded) finish_step(status, name, world.now, "");
    if (state == TaskState::failed) {
      fail_step(status, name, world.now, failure_text(world.task));
    }
    if (state == TaskState::forgotten) reset_step(status, name, false);
    break;
  }
  status.upid.clear();
}

void settle_create(MachineStatus& status, const Observation& world) {
  if (!world.row.has_value()) return;
  finish_step(status, steps::kReserve, world.now,
              absl::StrFormat("VMID %d", world.row->vmid.get()));
  if (world.row->create_task.has_value() && world.create_task.state == TaskState::failed) {
    fail_step(status, steps::kCreate, world.now, failure_text(world.create_task));
  }
  const bool made =
      world.guest.occupant == Occupant::ours && world.create_task.state != TaskState::running;
  if (made) finish_step(status, steps::kCreate, world.now, "");
}

void settle_power(MachineStatus& status, const Observation& world) {
  if (world.guest.occupant != Occupant::ours || !world.guest.status.has_value()) return;
  if (!status.upid.empty()) return;
  const auto done = world.guest.status->running ? steps::kStart : steps::kStop;
  if (find_step(status, done) != nullptr) finish_step(status, done, world.now, "");
  if (!addresses_of(world.guest).empty()) finish_step(status, steps::kNetwork, world.now, "");
}

// "running on pve1 at 2026-01-01T00:00:00Z"; empty when it was never seen.
std::string last_sight(const MachineStatus& status) {
  if (status.power.empty() || !status.last_observed_at.has_value()) return "";
  return status.power + " on " + status.node + " at " + to_rfc3339(*status.last_observed_at);
}

// Unknown keeps what was seen last. A cycle of the inventory may have seen it later than our own
// look, and as it was.
void keep_last_sight(MachineStatus& status, const inventory::Sighting& sighting) {
  if (!sighting.guest.has_value() || !status.last_observed_at.has_value()) return;
  const bool as_it_was =
      sighting.guest->status == status.power && sighting.guest->node.get() == status.node;
  if (!as_it_was || sighting.seen_at <= *status.last_observed_at) return;
  status.last_observed_at = std::chrono::floor<std::chrono::seconds>(sighting.seen_at);
}

void show_container(const api::v1alpha1::MachineSpec& spec, MachineStatus& status,
                    const Observation& world) {
  const auto& guest = world.guest;
  const std::string power = guest.status->running ? "running" : "stopped";
  const bool changed = status.node != guest.node.get() || status.power != power;
  status.node = guest.node.get();
  status.power = power;
  status.addresses = addresses_of(guest);
  // One that is missing stays on record: it is never replaced by an empty one.
  for (const auto& volume : volumes_of(guest.config)) {
    using api::v1alpha1::Volume;
    if (std::ranges::find(spec.volumes, volume.path, &Volume::path) == spec.volumes.end()) continue;
    const auto known =
        std::ranges::find(status.volumes, volume.path, &api::v1alpha1::MachineVolume::path);
    if (known == status.volumes.end()) {
      status.volumes.push_back(volume);
    } else {
      *known = volume;
    }
  }
  const auto usage = usage_of(*guest.status);
  const Measured written{status.last_observed_at, status.usage.value_or(MachineUsage())};
  if (!changed && !is_worth_writing(written, usage, world.now)) return;
  status.last_observed_at = std::chrono::floor<std::chrono::seconds>(world.now);
  status.uptime_seconds = guest.status->uptime_seconds.value_or(0);
  status.usage = usage;
}

void show_absence(MachineStatus& status, Time now) {
  if (status.power.empty() || status.power == "absent") return;
  status.power = "absent";
  status.last_observed_at = std::chrono::floor<std::chrono::seconds>(now);
  status.addresses.clear();
  status.usage.reset();
  status.uptime_seconds = 0;
}

void show_observed(Machine& machine, const Observation& world) {
  auto& status = machine.status;
  if (world.row.has_value()) status.vmid = world.row->vmid.get();
  const auto occupant = world.guest.occupant;
  if (occupant == Occupant::absent) {
    show_absence(status, world.now);
  } else if (occupant == Occupant::ours && world.guest.status.has_value()) {
    show_container(machine.spec, status, world);
  } else {
    keep_last_sight(status, world.sighting);
  }
}

// Until it has been ready once its settings are not there yet, which is no drift.
bool may_drift(const MachineStatus& status) {
  return is_step(status, steps::kReady, StepState::done);
}

void show_drift(MachineStatus& status, const Drifts& drifts) {
  status.drift.clear();
  if (!may_drift(status)) return;
  for (const auto& drift : drifts.all) status.drift.push_back({drift.key, drift.want, drift.have});
}

// The code of what differs because its class was changed, and nobody did anything to the container.
constexpr const char* kClassChanged = "MC-010";

class Conditions {
 public:
  Conditions(Machine& machine, Time now) : machine_(machine), now_(now) {}
  void set(std::string type, ConditionStatus status, const Plan& plan) {
    Condition condition;
    condition.type = std::move(type);
    condition.status = status;
    condition.observed_generation = machine_.metadata.generation;
    condition.reason = plan.reason.empty() ? "Unknown" : plan.reason;
    condition.message = plan.message;
    condition.code = plan.code;
    api::meta::set_condition(machine_.status.conditions, std::move(condition), now_);
  }
  void set_or_remove(const std::string& type, bool is_so, const Plan& plan) {
    if (is_so) {
      set(type, ConditionStatus::yes, plan);
    } else {
      api::meta::remove_condition(machine_.status.conditions, type);
    }
  }

 private:
  Machine& machine_;
  Time now_;
};

Plan drift_words(const Plan& plan) {
  const auto& drifts = plan.drifts;
  Plan words;
  std::vector<std::string> parts;
  for (const auto& drift : drifts.all) {
    auto part = drift.key + " is " + quoted(drift.have) + ", wanted " + quoted(drift.want);
    if (!drift.why.empty()) part += " (" + drift.why + ")";
    if (words.code.empty()) words.code = drift.code;
    parts.push_back(std::move(part));
  }
  words.message = join(parts, "; ");
  words.reason = "Drifted";
  const bool follows = !plan.class_change.empty() && words.code.empty();
  const bool puts_back =
      std::holds_alternative<Configure>(plan.action) || std::holds_alternative<Resize>(plan.action);
  if (!drifts.has(Repair::set) && !drifts.has(Repair::resize)) {
    words.reason = drifts.has(Repair::restart) ? "RestartNeeded" : "NotReverted";
  } else if (puts_back) {
    words.message += follows ? ": being changed" : ": being put back";
  }
  if (follows) {
    if (words.reason == "Drifted") words.reason = "ClassChanged";
    words.code = kClassChanged;
    words.message = plan.class_change + ": " + words.message;
  }
  return words;
}

// What is unknown is said together with what was known last.
Plan with_last_sight(Plan plan, const MachineStatus& status) {
  const auto last = last_sight(status);
  if (plan.situation == Situation::unknown && !last.empty()) {
    plan.message += "; last seen " + last;
  }
  return plan;
}

// Of Machines that are to be in an Appliance's network, or have no address, or not theirs.
void show_network(Conditions& conditions, const Machine& machine, const Plan& plan,
                  const Observation& world) {
  const auto& attachment = world.attachment;
  if (plan.code == kNoAddress) return conditions.set("NetworkReady", ConditionStatus::no, plan);
  Plan words;
  if (!world.address_conflict.empty()) {
    words.reason = "AddressConflict";
    words.message = world.address_conflict;
    words.code = kAddressConflict;
    return conditions.set("NetworkReady", ConditionStatus::no, words);
  }
  const bool waits = !attachment.waits_for.empty();
  words.reason = waits ? "ApplianceNotReady" : "Attached";
  words.message = waits ? attachment.waits_for : attachment.where;
  if (!attachment.fallback.empty()) {
    words.reason = "FallbackNetwork";
    words.message = attachment.fallback;
    words.code = "APL-005";
  }
  if (attachment.any) {
    conditions.set("NetworkReady", waits ? ConditionStatus::no : ConditionStatus::yes, words);
  } else if (machine.status.observed_generation == machine.metadata.generation) {
    conditions.set_or_remove("NetworkReady", false, words);
  }
}

void show_conditions(Machine& machine, const Plan& planned, const Observation& world) {
  const auto plan = with_last_sight(planned, machine.status);
  Conditions conditions(machine, world.now);
  const auto situation = plan.situation;
  const bool unsure = situation == Situation::unknown;
  const auto ready = situation == Situation::ready ? ConditionStatus::yes
                     : unsure                      ? ConditionStatus::unknown
                                                   : ConditionStatus::no;
  conditions.set("Ready", ready, plan);
  conditions.set_or_remove(
      "Reconciling", situation == Situation::progressing || situation == Situation::waiting, plan);
  conditions.set_or_remove("Stalled", situation == Situation::stalled, plan);
  conditions.set_or_remove("Held", situation == Situation::held, plan);
  conditions.set_or_remove("Deleting", machine.metadata.deleting(), plan);
  conditions.set_or_remove("Drifted", !plan.drifts.all.empty() && may_drift(machine.status),
                           drift_words(plan));
  show_network(conditions, machine, plan, world);
  Plan seen;
  seen.reason = unsure ? "Unknown" : "Observed";
  seen.message = unsure ? plan.message : "";
  conditions.set("Observed", unsure ? ConditionStatus::unknown : ConditionStatus::yes, seen);
}

bool follows_class(const MachineStatus& status) {
  const auto* drifted = api::meta::find_condition(status.conditions, "Drifted");
  return drifted != nullptr && drifted->code == kClassChanged;
}

// What the catalogue calls the failure of a step: what is said of the Machine now, if that is about
// it, else what its text proves, else what every failure of the step is.
std::string code_of(const MachineStatus& status, const api::v1alpha1::MachineStep& step) {
  const auto* ready = api::meta::find_condition(status.conditions, "Ready");
  if (ready != nullptr && !ready->code.empty() && status.step == step.name) return ready->code;
  if (const auto known = pve::task_failure_code(step.message)) return std::string(*known);
  if (step.name == steps::kCreate) return "CT-002";
  if (step.name == steps::kStart) return "CT-005";
  return step.name == steps::kConfigure ? "CT-003" : "";
}

}  // namespace

void reflect(Machine& machine, const Observation& world) {
  settle_task(machine.status, world);
  settle_create(machine.status, world);
  settle_power(machine.status, world);
}

void show(Machine& machine, const Plan& plan, const Observation& world) {
  auto& status = machine.status;
  status.observed_generation = machine.metadata.generation;
  if (plan.situation != Situation::unknown || status.step.empty()) status.step = plan.step;
  status.stopped_by_person_at = plan.stopped_by_person_at;
  show_observed(machine, world);
  const bool settled = plan.situation == Situation::ready;
  if (settled && !plan.drifts.has(Repair::set)) {
    finish_step(status, steps::kConfigure, world.now, "");
    if (status.power == "running") {
      finish_step(status, steps::kNetwork, world.now, "");
      finish_step(status, steps::kBootstrap, world.now, bootstrap_words(machine));
    }
  }
  if (settled) finish_step(status, steps::kReady, world.now, "");
  if (plan.situation != Situation::unknown) show_drift(status, plan.drifts);
  const bool is_like_class = settled && plan.drifts.all.empty();
  if (is_like_class && plan.class_generation != 0) status.class_generation = plan.class_generation;
  show_snapshots(machine, world);
  const auto due = next_attempt(status, plan.step);
  const auto* record = find_step(status, plan.step);
  const bool failing = record != nullptr && record->state == StepState::failed;
  status.attempts = failing ? record->attempts : 0;
  status.next_attempt_at = failing ? due : std::nullopt;
  if (status.next_attempt_at.has_value()) {
    status.next_attempt_at = std::chrono::ceil<std::chrono::seconds>(*status.next_attempt_at);
  }
  show_conditions(machine, plan, world);
  show_refusal(machine, world.now);
}

std::vector<runtime::Happening> happenings(const Machine& before, const Machine& after) {
  static const std::map<std::string, std::string> reasons = {
      {steps::kReserve, "Reserved"},     {steps::kCreate, "Created"},
      {steps::kConfigure, "Configured"}, {steps::kStart, "Started"},
      {steps::kNetwork, "NetworkReady"}, {steps::kBootstrap, "Bootstrapped"},
      {steps::kReady, "Ready"},          {steps::kMove, "Moved"},
      {steps::kBackup, "BackedUp"},      {steps::kRestore, "Restored"},
      {steps::kStop, "Stopped"},         {steps::kDestroy, "Destroyed"},
      {steps::kTake, "VolumeTaken"},     {steps::kProve, "ProvenGone"},
      {steps::kLeave, "Retained"}};
  auto all = snapshot_happenings(before.status, after.status);
  for (const auto& step : after.status.steps) {
    const auto* old = find_step(before.status, step.name);
    const bool same = old != nullptr && old->state == step.state &&
                      old->attempts == step.attempts && old->started_at == step.started_at;
    if (same) continue;
    if (step.state == StepState::done && step.name != steps::kSnapshot) {
      const bool changes = step.name == steps::kConfigure && may_drift(before.status);
      const bool follows = follows_class(before.status) || follows_class(after.status);
      all.push_back({runtime::EventType::normal,
                     changes && !follows ? "DriftReverted" : reasons.at(step.name),
                     changes                ? reverted(after.status.drift)
                     : step.message.empty() ? done_words(after.status, step.name)
                                            : step.message,
                     ""});
    } else if (step.state == StepState::failed) {
      all.push_back({runtime::EventType::warning, "StepFailed", step.name + ": " + step.message,
                     code_of(after.status, step)});
    }
  }
  if (!before.status.node.empty() && before.status.node != after.status.node) {
    all.push_back({runtime::EventType::normal, "Relocated",
                   "moved from " + before.status.node + " to " + after.status.node, "CT-009"});
  }
  const auto* network = api::meta::find_condition(after.status.conditions, "NetworkReady");
  const auto* before_it = api::meta::find_condition(before.status.conditions, "NetworkReady");
  const bool fell_back = network != nullptr && !network->code.empty() &&
                         (before_it == nullptr || before_it->code != network->code);
  if (fell_back) {
    all.push_back({runtime::EventType::warning, network->reason, network->message, network->code});
  }
  for (const char* type : {"Held", "Stalled", "Drifted", "ResourcePressure"}) {
    const auto* now = api::meta::find_condition(after.status.conditions, type);
    const auto* then = api::meta::find_condition(before.status.conditions, type);
    if (now == nullptr || (then != nullptr && then->reason == now->reason)) continue;
    const bool asked = now->code == kClassChanged;
    all.push_back({asked ? runtime::EventType::normal : runtime::EventType::warning, now->reason,
                   now->message, now->code});
  }
  return all;
}

}  // namespace gantry::controllers::machine
