#pragma once
// Usage: the numbers of a container that change all the time, and when they are worth a write.
// Pure.
#include <optional>

#include "api/v1alpha1/machine.h"
#include "pkg/pve/types.h"

namespace gantry::controllers::machine {

using api::v1alpha1::MachineUsage;

// What a container used when it was seen at `at`.
struct Measured {
  std::optional<Time> at;  // nullopt: never
  MachineUsage usage;
};

MachineUsage usage_of(const pve::GuestStatus& status);
MachineUsage usage_of(const pve::GuestRow& row);

// True when the written numbers are a minute old, or 15 s and memory or disk have moved by more
// than 1 % of their size since: at most 4 writes a minute, and 1 for a container at rest.
bool is_worth_writing(const Measured& written, const MachineUsage& usage, Time now);

}  // namespace gantry::controllers::machine
