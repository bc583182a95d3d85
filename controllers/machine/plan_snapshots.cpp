// Snapshots are taken and removed beside everything else: they disturb nothing, and what they wait
// for keeps a Machine from nothing.
#include <algorithm>

#include "controllers/machine/ledger.h"
#include "controllers/machine/plan_parts.h"
#include "controllers/machine/snapshots.h"

namespace gantry::controllers::machine {
namespace {

using api::v1alpha1::SnapshotState;

// What goes makes room first.
std::optional<Action> next_step(const Case& the) {
  const auto& there = *the.world.snapshots;
  if (const auto* surplus = surplus_snapshot(the.machine, the.world.installation, there))
    return RemoveSnapshot{surplus->name};
  if (the.world.can_snapshot != true) return std::nullopt;
  for (const auto& wanted : the.machine.spec.snapshots) {
    const bool is_there =
        std::ranges::find(there, wanted.name, &pve::Snapshot::name) != there.end();
    if (!is_there && state_of(the.status(), wanted.name) == SnapshotState::pending)
      return TakeSnapshot{wanted.name};
  }
  return std::nullopt;
}

bool may_be_looked_at(const Case& the, const Plan& plan) {
  const auto& world = the.world;
  return is_nothing(plan.action) && plan.situation != Situation::unknown &&
         !is_restoring(the.machine) && world.snapshots.has_value() &&
         world.guest.occupant == Occupant::ours && world.guest.status.has_value() &&
         world.create_task.state != TaskState::running;
}

}  // namespace

Plan with_snapshots(const Case& the, Plan plan) {
  if (!may_be_looked_at(the, plan)) return plan;
  const auto next = next_step(the);
  plan.unsettled = next.has_value() || misses_snapshot(the.machine, *the.world.snapshots);
  if (!plan.unsettled) return plan;
  plan.recheck = kLookAgain;
  const bool is_locked = the.world.guest.config.find("lock").has_value();
  if (!next.has_value() || is_locked || busy(the, steps::kSnapshot).has_value()) return plan;
  if (const auto later = in_backoff(the, steps::kSnapshot, "", "")) {
    plan.recheck = later->recheck;
    return plan;
  }
  const bool removes = std::holds_alternative<RemoveSnapshot>(*next);
  const auto& verdict = removes ? the.world.may_destroy : the.world.may_write;
  if (verdict.ok()) plan.action = *next;
  return plan;
}

}  // namespace gantry::controllers::machine
