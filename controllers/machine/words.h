#pragma once
// words: how people are told of a Machine's steps and settings. Pure.
#include <string>
#include <vector>

#include "api/v1alpha1/machine.h"

namespace gantry::controllers::machine {

std::string quoted(const std::string& value);  // "absent" when empty

// What a step that has nothing to say for itself has come to.
std::string done_words(const api::v1alpha1::MachineStatus& status, const std::string& step);

// What is inside is its owner's business, if it has one.
std::string bootstrap_words(const api::v1alpha1::Machine& machine);

// "memory: '777' → '512'"
std::string reverted(const std::vector<api::v1alpha1::DriftField>& drift);

}  // namespace gantry::controllers::machine
