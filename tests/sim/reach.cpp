#include "tests/sim/reach.h"

#include <map>

#include "pkg/base/check.h"

namespace gantry::sim {

const std::vector<std::string>& places() {
  static const std::vector<std::string> all = {
      // Held, or not told, and why.
      "OwnershipUnproven", "VMIDReused", "VMIDTaken", "VMIDForeign", "StaleLock", "RepairBudget",
      "VanishGuard", "StoppedExternally", "CreateUnclear", "AnswerLost", "Locked", "ObserveMode",
      "CreateDied", "CreateFailed", "DeletedExternally", "ProvingAbsence", "RevertingDrift",
      "NoQuorum", "NotLeading", "Throttled", "VolumesLost", "RolledBack", "DependencyNotReady",
      "ApplianceNotReady", "InUse", "Retiring", "RestoreRefused",
      // Moments.
      "killed at a write", "killed between two awaits", "restarted while a task runs",
      "woke up after another took the lease", "unlocked over the command channel",
      "a quarantined VMID passed over", "a destroyed container made again",
      "the same name made again", "a clone of a golden template", "a stranger on a reserved VMID",
      "a request executed late", "the clock jumped", "an older database was restored",
      "a volume was detached", "a container left with its volumes", "a compose project runs",
      "a container fetched from a fenced node", "another set serves",
      "a version that did not come up was mended", "a snapshot before an update",
      "data was put back", "a backup as a copy of what was there"};
  return all;
}

void Reached::note(std::string_view place) {
  static const std::map<std::string, size_t, std::less<>> index = [] {
    std::map<std::string, size_t, std::less<>> numbers;
    for (const auto& name : places()) numbers.emplace(name, numbers.size());
    GANTRY_CHECK(numbers.size() <= kMost);
    return numbers;
  }();
  const auto it = index.find(place);
  if (it != index.end()) places_.set(it->second);
}

}  // namespace gantry::sim
