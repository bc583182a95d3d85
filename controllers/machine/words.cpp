#include "controllers/machine/words.h"

#include "controllers/machine/plan.h"
#include "pkg/base/text.h"

namespace gantry::controllers::machine {

using api::v1alpha1::Machine;
using api::v1alpha1::MachineStatus;

std::string quoted(const std::string& value) {
  return value.empty() ? "absent" : "'" + value + "'";
}

std::string done_words(const MachineStatus& status, const std::string& step) {
  const auto container = absl::StrFormat("container %d", status.vmid.value_or(0));
  if (step == steps::kCreate) {
    return container + (status.node.empty() ? "" : " on " + status.node);
  }
  if (step == steps::kStart) return container + " runs";
  if (step == steps::kNetwork) return join(status.addresses, ", ");
  if (step == steps::kReady) return "it is as wanted";
  if (step == steps::kStop) return container + " is stopped";
  if (step == steps::kRestore) return "the disks of " + container + " are put back";
  if (step == steps::kTake) return container + " has a volume more";
  if (step == steps::kDestroy) return container + " is destroyed";
  if (step == steps::kProve) return "nothing of it is left";
  return "done";
}

std::string bootstrap_words(const Machine& machine) {
  for (const auto& owner : machine.metadata.owner_references) {
    if (owner.controller.value_or(false)) {
      return "what runs in it is up to " + owner.kind + " " + owner.name;
    }
  }
  return "nothing to do for a bare Machine";
}

std::string reverted(const std::vector<api::v1alpha1::DriftField>& drift) {
  std::vector<std::string> parts;
  for (const auto& field : drift) {
    parts.push_back(field.field + ": " + quoted(field.have) + " → " + quoted(field.want));
  }
  return parts.empty() ? "settings put back" : join(parts, "; ");
}

}  // namespace gantry::controllers::machine
