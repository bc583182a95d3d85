#pragma once
// Report: an Appliance's conditions and events, from the plan and what was found inside. Pure.
#include <vector>

#include "controllers/appliance/inside/inside.h"
#include "controllers/appliance/leases.h"
#include "controllers/appliance/plan.h"
#include "pkg/runtime/events.h"

namespace gantry::controllers::appliance {

// How the inside is; absent findings: not looked at yet.
struct InsideView {
  const Findings* findings = nullptr;
  Status refused;        // why it cannot be looked at
  std::string progress;  // "names: restarting dnsmasq"; empty when nothing is under way
};

// Sets the conditions from all of it; status.machine, vmid and node from the Machine.
void judge(api::v1alpha1::Appliance& appliance, const Plan& plan, const Facts& facts,
           const LeaseTable& table, const InsideView& inside, Time now);

// What has happened between two statuses: each condition that has become worse or good again.
std::vector<runtime::Happening> happenings(const api::v1alpha1::Appliance& before,
                                           const api::v1alpha1::Appliance& after);

}  // namespace gantry::controllers::appliance
