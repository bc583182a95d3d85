#pragma once
// Flags: features that only root@pam may set, and whether a golden template's clones keep them.
// Pure. Every Machine that is cloned is the probe: none is made for it.
#include <map>
#include <string>
#include <vector>

#include "api/meta/condition.h"
#include "api/v1alpha1/machineclass.h"
#include "pkg/base/json.h"
#include "pkg/diagnose/diagnose.h"

namespace gantry::controllers::machineclass {

// What has been seen of the flags that a class wants.
struct FlagEvidence {
  std::map<std::string, std::string> templates;  // "20007" → "features" of its config
  int kept = 0;                                  // Machines that have them all
  std::vector<std::string> lost;                 // Machines that lack one
};

// Of keyctl and fuse those that the class wants.
std::vector<std::string> root_flags(const api::v1alpha1::MachineClass& shape);
// Counts one Machine of the class, as it is stored, where its container has been looked at.
void count_flags(const Json& machine, const std::vector<std::string>& flags,
                 FlagEvidence& evidence);

struct FlagVerdict {
  api::meta::ConditionStatus status = api::meta::ConditionStatus::yes;
  diagnose::Diagnosis words;
};
// Requires a class that wants some.
FlagVerdict judge_flags(const api::v1alpha1::MachineClass& shape, const FlagEvidence& evidence);

}  // namespace gantry::controllers::machineclass
