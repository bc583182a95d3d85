#pragma once
// report: what a MachineClass says about where it fits. Pure.
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/v1alpha1/machineclass.h"
#include "controllers/machineclass/flags.h"
#include "pkg/diagnose/diagnose.h"
#include "pkg/inventory/placement/candidates.h"

namespace gantry::controllers::machineclass {

using api::v1alpha1::MachineClass;

// The templates that were found, and the places whose list could not be read.
struct Templates {
  std::vector<api::v1alpha1::FoundTemplate> found;
  std::vector<NodeName> unread;
  std::set<std::string> offered{};                // file names of all templates that there are
  std::map<std::string, std::string> features{};  // of golden ones, by VMID
};

// "debian-12-standard_12.7-1_amd64.tar.zst" of "local:vztmpl/debian-…".
std::string file_of(const std::string& volid);
// Of the names "debian-12-standard_12.7-1_amd64.tar.zst" those that begin with `name` and whose
// next character, if any, does not go on with a word; the newest, by version.
std::optional<std::string> newest_template(const std::vector<std::string>& volids,
                                           const std::string& name);

struct Findings {
  Time now;
  std::optional<diagnose::Diagnosis> unobserved;  // why the cluster cannot be looked at
  Status selectors;                               // why they do not compile
  std::shared_ptr<const inventory::Snapshot> snapshot;
  bool is_old = false;  // the cluster cannot be observed now: the snapshot is what was seen last
  inventory::placement::Candidates candidates;
  Templates templates;
  std::map<NodeName, int> machines_on;  // Machines of this class
  int machines = 0;
  bool being_made = false;                      // one of them
  std::optional<api::v1alpha1::Machine> probe;  // of its flags; no Machine of the class otherwise
  bool probe_name_taken = false;                // by somebody else's Machine
  FlagEvidence flags;  // for a golden template with flags that only root@pam may set
};

// Conditions: Ready, SelectorResolved, TemplatesReady, FlagsReady (of golden templates with what
// only root@pam may set), CapacityAvailable, Reconciling, Stalled.
void report(MachineClass& shape, const Findings& findings);

// How many more Machines fit on that node: bounded by its memory, its storages and maxPerNode.
int64_t room_on(const MachineClass& shape, const Findings& findings, const NodeName& node);

// Whether `after` is worth writing: more than a few free bytes has changed.
bool is_news(const api::v1alpha1::MachineClassStatus& before,
             const api::v1alpha1::MachineClassStatus& after);

}  // namespace gantry::controllers::machineclass
