#include "controllers/machine/pressure.h"

#include <algorithm>

#include "api/meta/condition.h"
#include "pkg/base/text.h"

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::Machine;
using api::v1alpha1::MachineClass;

constexpr const char* kPressure = "ResourcePressure";
constexpr double kNearlyAll = 0.9;

// What it may use at most.
double cores_of(const MachineClass& shape) {
  const double cores = shape.spec.resources.cores;
  return std::min(cores, shape.spec.resources.cpu_limit.value_or(cores));
}

}  // namespace

std::optional<Time> saturated_since(std::optional<Time> before, const Machine& machine,
                                    const MachineClass& shape, const pve::GuestStatus& status,
                                    Time now) {
  const bool is_saturated =
      status.running && status.cpu.value_or(0) >= kNearlyAll * cores_of(shape);
  if (!is_saturated) return std::nullopt;
  if (before) return before;
  const auto* known = api::meta::find_condition(machine.status.conditions, kPressure);
  return known == nullptr ? now : known->last_transition_time - kSaturatedFor;
}

void show_pressure(Machine& machine, const MachineClass& shape, std::optional<Time> since,
                   Time now) {
  auto& conditions = machine.status.conditions;
  if (!since || now - *since < kSaturatedFor) {
    api::meta::remove_condition(conditions, kPressure);
    return;
  }
  api::meta::Condition condition;
  condition.type = kPressure;
  condition.status = api::meta::ConditionStatus::yes;
  condition.observed_generation = machine.metadata.generation;
  condition.reason = "CPUSaturated";
  condition.message = absl::StrFormat(
      "it has used nearly all of its %g cores since %s: a class with more may help",
      cores_of(shape), to_rfc3339(std::chrono::floor<std::chrono::seconds>(*since)));
  condition.code = "CT-012";
  set_condition(conditions, std::move(condition), now);
}

}  // namespace gantry::controllers::machine
