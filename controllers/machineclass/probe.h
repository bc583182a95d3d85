#pragma once
// Probe: whether this server lets a clone of a golden template keep what only root@pam may set,
// tried on a Machine of its own that is never started. Pure: which step is next, and what was seen.
#include <optional>
#include <string>

#include "api/v1alpha1/machine.h"
#include "api/v1alpha1/machineclass.h"
#include "pkg/store/store.h"

namespace gantry::controllers::machineclass {

// Where the Machines of probes are.
inline constexpr const char* kProbeNamespace = "gantry-system";
// On the Machine: what it is to find out (FlagProbe::of).
inline constexpr const char* kProbeOf = "gantry.dev/flag-probe";

std::string probe_name(const api::v1alpha1::MachineClass& shape);
// The class is its owner, and the class alone.
bool is_probe(const api::v1alpha1::Machine& machine, const api::v1alpha1::MachineClass& shape);
api::v1alpha1::Machine make_probe(const api::v1alpha1::MachineClass& shape, const std::string& of);

struct ProbeFacts {
  Time now;
  Time started_at;  // this process
  // The probe that there is.
  std::optional<api::v1alpha1::Machine> machine;
  // What a probe would find out now: template, features, version. Empty: not known.
  std::string of;
  std::string hindrance;  // why none may begin; empty: one may
};

struct ProbePlan {
  enum class Step { none, begin, end };
  Step step = Step::none;
  // To be written before the step is taken.
  std::optional<api::v1alpha1::FlagProbe> answer;
  std::string waits_for;  // why there is no answer yet; empty when there is one, or none is wanted
};
// A probe is made once for each template and version of Proxmox, and once more by a process that
// has begun a day after the last.
ProbePlan plan_probe(const api::v1alpha1::MachineClass& shape, const ProbeFacts& facts);

}  // namespace gantry::controllers::machineclass
