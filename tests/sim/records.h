#pragma once
// What a guest's record says, for invariants.
#include <optional>
#include <set>
#include <string>

#include "pkg/lab/lab.h"

namespace gantry::sim {

// Everything that must not change of a stranger's guest.
std::string text_of(const lab::GuestRecord& guest);
// The names of its volumes besides the root disk, mounted or not.
std::set<std::string> volumes_of(const lab::GuestRecord& guest);
// Of the mark in its description.
std::optional<Uid> uid_of(const lab::GuestRecord& guest);

}  // namespace gantry::sim
