#pragma once
// The ledger: which steps a Machine has been through, when and with what result. It is shown to
// people and gives retries their pace; what is done is always asked of the world.
#include <optional>
#include <string>

#include "api/v1alpha1/machine.h"

namespace gantry::controllers::machine {

using api::v1alpha1::MachineStatus;
using api::v1alpha1::MachineStep;
using api::v1alpha1::StepState;

const MachineStep* find_step(const MachineStatus& status, const std::string& name);
bool is_step(const MachineStatus& status, const std::string& name, StepState state);

// Begins a step, or a further attempt of it. The count of attempts starts anew when the last one
// succeeded more than ten minutes ago.
MachineStep& begin_step(MachineStatus& status, const std::string& name, Time now);
// Both do nothing to a step that is already there in that state.
void finish_step(MachineStatus& status, const std::string& name, Time now, std::string message);
void fail_step(MachineStatus& status, const std::string& name, Time now, std::string message);
// As if it had never been begun; its attempts stay counted unless `forget`.
void reset_step(MachineStatus& status, const std::string& name, bool forget);

// When the next attempt of a step may be made: at once the first time, then 5 s, 10 s, … 5 min
// after the last. nullopt: now.
std::optional<Time> next_attempt(const MachineStatus& status, const std::string& name);

}  // namespace gantry::controllers::machine
