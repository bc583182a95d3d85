#pragma once
// The parts of plan(): each answers one situation. Internal to this folder.
#include <string>

#include "controllers/machine/plan.h"

namespace gantry::controllers::machine {

using api::v1alpha1::Machine;
using api::v1alpha1::MachineClass;

// One Machine and its world, for short signatures.
struct Case {
  const Machine& machine;
  const MachineClass* shape;
  const Observation& world;
  const api::v1alpha1::MachineStatus& status() const { return machine.status; }
};

// Builders.
Plan act(std::string step, Action action, std::string reason, std::string message);
Plan wait(std::string step, std::string reason, std::string message, Duration recheck);
Plan hold(std::string step, std::string reason, std::string message, std::string code = "");
Plan stall(std::string step, std::string reason, std::string message, std::string code = "");
Plan unknown(std::string step, std::string message, std::string code = "");
// From a Status that a guard gave: held, or unknown when it could not be asked.
Plan refused(std::string step, const Status& why);

std::string guest_text(const Observation& world);  // "container 20001 on pve1"

// What is on our id is proven to be another's. Without any mark it may be ours: somebody may have
// edited the notes before the tag was set.
bool is_anothers(const Observation& world);
// Our row is there, a container of ours is not (yet, or no more).
Plan plan_creation(const Case& the);
// A create call was made whose answer nobody has: found, still open, or proven without effect
// (nullopt: go on as if it had never been made).
std::optional<Plan> plan_unclear_create(const Case& the);
// Only `lock: create`, and its task has died.
Plan plan_unfinished(const Case& the);
// What a person is asked to do about it; `why` we cannot, or "".
Plan hold_unfinished(const Case& the, const std::string& why);
// Proven absent from what we see, while its id is taken.
Plan plan_taken_over(const Case& the);
// The container is there and ours.
Plan plan_upkeep(const Case& the);
// No task works on it but backups and snapshots, ours included, which let it run.
bool is_only_copied(const Case& the);
// By its type, a task that copies or forgets a copy, and lets run what it copies.
bool is_copy(const std::string& task);
// The next step towards its volumes; nullopt when they are as they should be.
std::optional<Plan> plan_volumes(const Case& the);
// An empty volume, where a storage has room for it.
Plan make_volume(const Case& the, const api::v1alpha1::Volume& volume);
// Its part in a hand-over of volumes, before anything is made; nullopt: they are all here, or none
// is to be.
std::optional<Plan> plan_handover(const Case& the);
// It is being deleted, and has volumes that are another Machine's.
std::optional<Plan> plan_before_giving(const Case& the);
// The next step of spec.restore; nullopt when there is none, or it is over.
std::optional<Plan> plan_restore(const Case& the);
// Shut down, then stopped.
Plan plan_power_off(const Case& the);
// The plan, and what is to be done about snapshots where it does nothing.
Plan with_snapshots(const Case& the, Plan plan);
// The container is gone with data that was in volumes: what to say instead of making it anew.
std::optional<Plan> hold_lost_volumes(const Case& the);
// The Machine is being deleted.
Plan plan_deletion(const Case& the);
// A step failed and its next attempt is not due: what to say until then.
std::optional<Plan> in_backoff(const Case& the, const std::string& step, const std::string& reason,
                               const std::string& code);
// A task of ours, or of somebody else, works on it.
std::optional<Plan> busy(const Case& the, const std::string& step);
// Which create call was made without a known answer; nullopt when none.
std::optional<Time> unclear_create_since(const Case& the);
// Our id is taken by what cannot be seen, and no task of ours is noted: a create call of ours may
// have made it all the same. nullopt: it has not.
std::optional<Plan> plan_trace(const Case& the);
// Until when a call of that time whose answer nobody has may still be executed.
Time settles_at(const Case& the, Time called);
// A call was made whose answer nobody has and whose task is not to be seen: it may be executed yet,
// on whoever has the id by then. What to say until that can no longer be.
std::optional<Plan> open_call(const Case& the);
// Its id is that of a container which a person has made and handed over: never to be made by us.
bool is_adopted(const Machine& machine, const store::GuestRow& row);
// A container of this Machine has been seen, or its create call was accepted. The row may not name
// the task: its answer was lost, and the container found by its mark.
bool was_made(const Case& the);
// Who stopped it through Proxmox, and when: the newest such task that is not ours and that nothing
// has started again since.
std::optional<pve::Task> stop_by_person(const Case& the);

}  // namespace gantry::controllers::machine
