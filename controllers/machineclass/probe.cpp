#include "controllers/machineclass/probe.h"

#include <algorithm>

#include "api/meta/condition.h"
#include "controllers/machineclass/flags.h"

namespace gantry::controllers::machineclass {
namespace {

using namespace std::chrono_literals;
using api::v1alpha1::FlagProbe;
using api::v1alpha1::Machine;
using api::v1alpha1::MachineClass;
using api::v1alpha1::PowerState;
using api::v1alpha1::ProbeOutcome;

constexpr auto kAgain = 24h;
// While a cluster is being upgraded its nodes take turns in saying which version it is.
constexpr auto kPause = 10min;
// A clone takes seconds to minutes; what hinders one so long is for a person to see.
constexpr auto kPatience = 15min;

bool is_wanted(const MachineClass& shape) {
  return shape.spec.golden.has_value() && !root_flags(shape).empty() && !shape.metadata.deleting();
}

std::string of_machine(const Machine& machine) {
  const auto found = machine.metadata.annotations.find(kProbeOf);
  return found == machine.metadata.annotations.end() ? "" : found->second;
}

Time created_at(const Machine& machine) {
  return machine.metadata.creation_timestamp.value_or(Time());
}

// What the Machine's own controller has seen of its container, proven to be ours.
std::optional<FlagProbe> read_answer(const MachineClass& shape, const ProbeFacts& facts) {
  const auto& machine = *facts.machine;
  const auto* ready = api::meta::find_condition(machine.status.conditions, "Ready");
  FlagProbe answer;
  answer.of = of_machine(machine);
  answer.at = std::chrono::floor<std::chrono::seconds>(facts.now);
  if (ready != nullptr && ready->code == kRootOnly) {
    answer.outcome = ProbeOutcome::refused;
    answer.message = ready->message;
    return answer;
  }
  // Everything that is ours to set is set, protection too: it can be removed again.
  if (ready != nullptr && ready->status == api::meta::ConditionStatus::yes) {
    const bool lost = lacks_flags(machine.status.drift, root_flags(shape));
    answer.outcome = lost ? ProbeOutcome::lost : ProbeOutcome::kept;
    return answer;
  }
  if (facts.now - created_at(machine) < kPatience) return std::nullopt;
  answer.outcome = ProbeOutcome::unclear;
  answer.message = ready == nullptr ? "nothing was seen of it" : ready->message;
  return answer;
}

ProbePlan plan_running(const MachineClass& shape, const ProbeFacts& facts) {
  ProbePlan plan;
  const auto& machine = *facts.machine;
  plan.waits_for = "a clone is being tried";
  if (machine.metadata.deleting()) return plan;
  plan.step = ProbePlan::Step::end;
  const bool is_stale = !facts.of.empty() && facts.of != of_machine(machine);
  if (!is_wanted(shape) || is_stale) return plan;
  const auto& known = shape.status.flag_probe;
  const bool is_answered =
      known.has_value() && known->of == of_machine(machine) && known->at >= created_at(machine);
  if (is_answered) return plan;
  plan.answer = read_answer(shape, facts);
  if (!plan.answer.has_value()) plan.step = ProbePlan::Step::none;
  return plan;
}

bool is_due(const MachineClass& shape, const ProbeFacts& facts) {
  const auto& known = shape.status.flag_probe;
  if (!known.has_value() || !known->at.has_value()) return true;
  if (known->of != facts.of) return facts.now - *known->at > kPause;
  const auto since = known->outcome == ProbeOutcome::unclear ? facts.now : facts.started_at;
  return since - *known->at > kAgain;
}

}  // namespace

std::string probe_name(const MachineClass& shape) {
  return shape.metadata.name + "-flag-probe";
}

bool is_probe(const Machine& machine, const MachineClass& shape) {
  const auto& owners = machine.metadata.owner_references;
  return owners.size() == 1 && owners.front().uid == shape.metadata.uid &&
         machine.spec.machine_class_name == shape.metadata.name;
}

Machine make_probe(const MachineClass& shape, const std::string& of) {
  Machine machine;
  machine.metadata.name = probe_name(shape);
  machine.metadata.ns = kProbeNamespace;
  machine.metadata.annotations[kProbeOf] = of;
  api::meta::OwnerReference owner;
  owner.api_version = shape.api_version;
  owner.kind = shape.kind;
  owner.name = shape.metadata.name;
  owner.uid = shape.metadata.uid;
  owner.controller = true;
  machine.metadata.owner_references = {owner};
  machine.spec.machine_class_name = shape.metadata.name;
  machine.spec.power_state = PowerState::stopped;
  machine.spec.hostname = "gantry-flag-probe";
  return machine;
}

ProbePlan plan_probe(const MachineClass& shape, const ProbeFacts& facts) {
  if (facts.machine.has_value()) return plan_running(shape, facts);
  ProbePlan plan;
  if (!is_wanted(shape) || facts.of.empty() || !is_due(shape, facts)) return plan;
  plan.waits_for = facts.hindrance.empty() ? "a clone is being tried" : facts.hindrance;
  if (facts.hindrance.empty()) plan.step = ProbePlan::Step::begin;
  return plan;
}

}  // namespace gantry::controllers::machineclass
