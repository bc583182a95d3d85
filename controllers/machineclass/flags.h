#pragma once
// Flags: features that only root@pam may set, and whether a golden template's clones keep them, as
// a probe (probe.h) or the Machines of the class have shown. Pure.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/meta/condition.h"
#include "api/v1alpha1/machine.h"
#include "api/v1alpha1/machineclass.h"
#include "pkg/base/json.h"
#include "pkg/diagnose/diagnose.h"

namespace gantry::controllers::machineclass {

inline constexpr const char* kRootOnly = "CON-005";

// What has been seen of the flags that a class wants.
struct FlagEvidence {
  std::map<std::string, std::string> templates;  // "20007" → "features" of its config
  int kept = 0;                                  // Machines that have them all
  std::vector<std::string> lost;                 // Machines that lack one
  std::string probe_of;                          // what a probe finds out now; empty: unknown
  std::string probe_waits_for;                   // why one that is due has no answer yet
};

// Of keyctl and fuse those that the class wants.
std::vector<std::string> root_flags(const api::v1alpha1::MachineClass& shape);
// Whether a container that differs so lacks one of them.
bool lacks_flags(const std::vector<api::v1alpha1::DriftField>& drift,
                 const std::vector<std::string>& flags);
// What a probe would find out: "docker-13 (20007) with keyctl on Proxmox VE 9.2.11"; empty while a
// template lacks one of them, or is not known.
std::string probe_subject(const api::v1alpha1::MachineClass& shape, const FlagEvidence& evidence,
                          const std::optional<std::string>& version);
// Counts one Machine of the class, as it is stored, where its container has been looked at.
void count_flags(const Json& machine, const std::vector<std::string>& flags,
                 FlagEvidence& evidence);

struct FlagVerdict {
  api::meta::ConditionStatus status = api::meta::ConditionStatus::yes;
  diagnose::Diagnosis words;
};
// Requires a class that wants some. A probe's answer about what there is now comes first.
FlagVerdict judge_flags(const api::v1alpha1::MachineClass& shape, const FlagEvidence& evidence);

}  // namespace gantry::controllers::machineclass
